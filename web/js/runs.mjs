/** The last runs of a node, newest first.
 *
 * A run is {token, shown, painted, width, height, widgets, colors, notes, report}.
 */

export const MAX_RUNS = 6

/** `runs` with a new one in front; one that is there already, as after a run from ComfyUI's cache, comes to the front. */
export function withRun(runs, run) {
  return [run, ...runs.filter((other) => other.token !== run.token)].slice(0, MAX_RUNS)
}

/** The names of the widgets whose values are not the same in all of these runs. */
export function differing(runs) {
  const names = new Set(runs.flatMap((run) => Object.keys(run.widgets)))
  return [...names].filter((name) => new Set(runs.map((run) => String(run.widgets[name]))).size > 1)
}

/** What tells a run from the others: "seed 3, denoise 0.4". */
export function settingsOf(run, runs) {
  const names = ["seed", "denoise", ...differing(runs)].filter((name) => run.widgets[name] !== undefined)
  return [...new Set(names)].map((name) => `${name} ${run.widgets[name]}`).join(", ")
}

/** The report of a run; seeds as text, for JSON.parse would round those beyond 2^53. */
export function readReport(json) {
  return JSON.parse(json.replace(/"seed": (\d+)/g, '"seed": "$1"'))
}

/** The number by which pictures, `pick` and the report know an object of a report. */
export const numberOf = (object, place) => object.number ?? place
