/** What a panel remembers of its node: the last runs, and how the panel stands. It outlives a reload of the page.
 *
 * The node carries the memory's name in its properties, so that copies and saved files find it. Nodes that undo brings
 * back from before their first run have none there, nor do those of a page that was reloaded before ComfyUI had kept
 * the graph: both find it by their place in the workflow.
 */
import { app } from "../../../scripts/app.js"
import { withRun } from "./runs.mjs"

const PROPERTY = "afterdetail"
const PREFIX = "afterdetail:"
/** Under this key a page that is left notes which of its nodes has which memory. */
const LEFT = "afterdetail-left"
const WAIT_MS = 50
/** Workflow (an object of the page's, the same through undo and redo) -> place of a node -> name of its memory. */
const names = new WeakMap()
const left = JSON.parse(sessionStorage.getItem(LEFT) ?? "null")
sessionStorage.removeItem(LEFT)

export class Memory {
  constructor(node) {
    this.node = node
  }

  get name() {
    return this.node.properties?.[PROPERTY]?.memory ?? this.found
  }

  /** To be asked while ComfyUI configures the node: by what it comes back without its memory's name, if by anything. */
  get comesBackBy() {
    const workflow = workflowHere()
    if (this.name) return null
    return workflow ? workflow.changeTracker?._restoringState && "undo" : "reload"
  }

  /** Finds the name by the node's place. The properties stay as they are: their change would end what can be redone. */
  async find(comesBackBy) {
    while (!workflowHere()) await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
    const places = comesBackBy === "undo" ? placesHere() : new Map(left?.path === workflowHere().path ? left.names : [])
    this.found = places.get(placeOf(this.node))
  }

  get runs() {
    return runsOf(this.name)
  }

  /** Adds a run; the last few are kept. */
  add(run) {
    addRun(this.ensureName(), run)
  }

  /** The memory's name, which is made if there is none yet. */
  ensureName() {
    this.rename(this.name ?? newName())
    return this.name
  }

  /** Leaves out runs that the server has forgotten. */
  forget(tokens) {
    if (this.name) store(this.name, this.runs.filter((run) => !tokens.has(run.token)))
  }

  /** A copy of a node begins with the same runs and goes its own way. */
  fork() {
    const runs = this.runs
    this.rename(newName())
    store(this.name, runs)
  }

  /** What is copied carries the name, also where the node itself does not. */
  giveTo(copy) {
    if (this.name) new Memory(copy).set({ memory: this.name })
  }

  rename(name) {
    this.set({ memory: name })
    placesHere().set(placeOf(this.node), name)
  }

  /** How the panel stands: {height, folded}. */
  get layout() {
    return this.node.properties?.[PROPERTY] ?? {}
  }

  set(values) {
    this.node.properties ??= {}
    this.node.properties[PROPERTY] = { ...this.node.properties[PROPERTY], ...values }
  }
}

const runsOf = (name) => JSON.parse((name && sessionStorage.getItem(PREFIX + name)) || "[]")

/** Adds a run to the memory of a node that may not be on the canvas at the moment. */
export function addRun(name, run) {
  store(name, withRun(runsOf(name), run))
}

export const placeOf = (node) => `${node.graph?.id === node.graph?.rootGraph?.id ? "" : node.graph?.id}:${node.id}`

const workflowHere = () => app.extensionManager?.workflow?.activeWorkflow

function placesHere() {
  const workflow = workflowHere() ?? app
  if (!names.has(workflow)) names.set(workflow, new Map())
  return names.get(workflow)
}

/** Notes for the page that comes after this one, by a reload, which of these memories belongs to which place. */
export function leave(memories) {
  const named = memories.filter((memory) => memory.name).map((memory) => [placeOf(memory.node), memory.name])
  sessionStorage.setItem(LEFT, JSON.stringify({ path: workflowHere()?.path, names: named }))
}

const newName = () => `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`

/** The tab's storage is small: the oldest memories make room. */
function store(name, runs) {
  const text = JSON.stringify(runs)
  for (;;) {
    try {
      return sessionStorage.setItem(PREFIX + name, text)
    } catch (full) {
      const oldest = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX) && key !== PREFIX + name).sort()[0]
      if (!oldest) throw full
      sessionStorage.removeItem(oldest)
    }
  }
}
