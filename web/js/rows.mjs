/** The order of the rows on one of Vue's nodes, which draws widgets in the order in which they are saved. */

/** Lets the rows of the widgets named `first` stand first, wherever `element`, which is on the node, is shown. */
export function orderRows(node, element, first) {
  let grid = null
  const write = () => {
    const last = first.toReversed()
    for (const row of grid.children) row.style.order = -1 - last.indexOf(nameOf(node, row)) // 0 where it is none of them
  }
  const rows = new MutationObserver(write)
  const mounted = new ResizeObserver(() => {
    const now = element.closest(".lg-node-widgets")
    if (now === grid) return
    grid = now
    rows.disconnect()
    if (!grid) return
    rows.observe(grid, { childList: true })
    write()
  })
  mounted.observe(element)
}

/** A row tells its widget by the socket beside it: "7-in-14" is the input 14 of the node 7. */
function nameOf(node, row) {
  const key = row.querySelector("[data-slot-key]")?.dataset.slotKey ?? ""
  return node.inputs[Number(key.split("-in-")[1])]?.widget?.name
}
