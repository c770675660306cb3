import assert from "node:assert/strict"
import { test } from "node:test"
import { moved, pickText } from "../../web/js/pick.mjs"

test("places in their natural order need no text", () => {
  assert.equal(pickText([0, 1, 2], 3), "")
  assert.equal(pickText([], 0), "")
})

test("no place is not all places", () => assert.equal(pickText([], 3), "none"))

test("runs are joined, and the order is kept", () => {
  assert.equal(pickText([2, 3, 4, 0], 5), "2-4, 0")
  assert.equal(pickText([1, 0], 2), "1, 0")
})

test("an object is moved within the list", () => {
  assert.deepEqual(moved(["a", "b", "c"], 2, 0), ["c", "a", "b"])
  assert.deepEqual(moved(["a", "b", "c"], 0, 9), ["b", "c", "a"])
  assert.deepEqual(moved(["a", "b", "c"], 1, -4), ["b", "a", "c"])
})
