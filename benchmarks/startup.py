"""What the pack adds to ComfyUI's start."""

from __future__ import annotations

from rig.startup import import_cost


def main() -> None:
    costs = [import_cost() for _ in range(3)]
    quickest = min(costs, key=lambda cost: cost.cpu)
    others = ", ".join(sorted({name.split(".")[0] for name in quickest.other_modules})) or "none"
    print(
        f"{quickest.wall:.3f} s ({quickest.cpu:.3f} s of one core), {quickest.own_modules} modules of the pack; "
        f"packages that ComfyUI had not imported: {others}."
    )


if __name__ == "__main__":
    main()
