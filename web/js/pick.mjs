/** The text of the `pick` widget. */

/** Places in their order as "0, 2-4"; "" for all of `count` in their natural order, "none" for none of them. */
export function pickText(places, count) {
  if (places.length === 0) return count > 0 ? "none" : ""
  if (places.length === count && places.every((place, index) => place === index)) return ""
  const runs = []
  for (const place of places) {
    const last = runs.at(-1)
    if (last && place === last[1] + 1) last[1] = place
    else runs.push([place, place])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ")
}

/** `places` with the one at `from` moved to `to`. */
export function moved(places, from, to) {
  const rest = places.filter((_, index) => index !== from)
  rest.splice(Math.max(0, Math.min(to, rest.length)), 0, places[from])
  return rest
}
