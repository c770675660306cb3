import assert from "node:assert/strict"
import { test } from "node:test"
import { differing, MAX_RUNS, numberOf, readReport, settingsOf, withRun } from "../../web/js/runs.mjs"

const run = (token, widgets = {}) => ({ token, widgets })

test("the last six runs stay, and one from the cache comes to the front", () => {
  let runs = []
  for (let at = 0; at < 9; at++) runs = withRun(runs, run(`${at}`))
  assert.equal(runs.length, MAX_RUNS)
  assert.deepEqual(withRun(runs, run("5")).map(({ token }) => token), ["5", "8", "7", "6", "4", "3"])
})

test("a run is told from the others by what differs", () => {
  const runs = [run("a", { seed: 1, denoise: 0.5, cfg: 7 }), run("b", { seed: 2, denoise: 0.5, cfg: 5 })]
  assert.deepEqual(differing(runs), ["seed", "cfg"])
  assert.equal(settingsOf(runs[1], runs), "seed 2, denoise 0.5, cfg 5")
})

test("a seed keeps all its digits", () => {
  assert.equal(readReport('{"seed": 18446744073709551615}').seed, "18446744073709551615")
})

test("an object is called by the number that pictures show", () => {
  assert.equal(numberOf({ number: 4 }, 1), 4)
  assert.equal(numberOf({}, 1), 1)
})
