import assert from "node:assert/strict"
import { test } from "node:test"
import { QueuedRuns } from "../../web/js/queued.mjs"

const tick = () => new Promise((resolve) => setTimeout(resolve))

test("prompts get their nodes' owners in the order they were queued", async () => {
  const runs = new QueuedRuns()
  runs.add(":5", "first copy")
  runs.add(":7", "first copy's other node")
  await tick()
  runs.add(":5", "second copy")
  await tick()
  runs.start("a")
  runs.start("b")
  assert.equal(runs.ownerOf("a", ":5"), "first copy")
  assert.equal(runs.ownerOf("a", ":7"), "first copy's other node")
  assert.equal(runs.ownerOf("b", ":5"), "second copy")
})

test("a prompt that starts before the page knows that it was queued is matched later", async () => {
  const runs = new QueuedRuns()
  runs.start("a")
  runs.start("a")
  runs.add(":5", "me")
  await tick()
  assert.equal(runs.ownerOf("a", ":5"), "me")
  assert.equal(runs.ownerOf("z", ":5"), undefined)
})
