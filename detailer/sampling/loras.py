"""LoRAs of single objects, as ComfyUI's own weight hooks: in force for a conditioning, and for no other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

import comfy.hooks
import comfy.lora
import comfy.lora_convert
import comfy.utils
import folder_paths
from comfy_extras.nodes_hooks import SetClipHooks

from ..names import unknown
from ..prompt_text import LoraUse

LoraUses = tuple[LoraUse, ...]


class ObjectLoras:
    """The files that prompts name, each loaded once, for one MODEL and its CLIP (None where there is none).

    ValueError for a name that no file has, and for a file that fits neither of them.
    """

    def __init__(self, uses: Iterable[LoraUse], model: Any, clip: Any):
        self._clip = clip
        self._paths = {name: _file_of(name) for name in {use.name for use in uses}}
        self._weights = {path: _weights(path, model, clip) for path in set(self._paths.values())}
        self._groups: dict[tuple[tuple[str, float], ...], Any] = {}
        self._clips: dict[LoraUses, Any] = {}
        self._combined: dict[Any, Any] = {}

    def on(self, conditioning: list[list[Any]], uses: LoraUses) -> list[list[Any]]:
        """The conditioning with the LoRAs in force; the same ones are the same hooks, so that they share a batch."""
        return comfy.hooks.set_hooks_for_conditioning(conditioning, self._group(uses), cache=self._combined)

    def clip(self, uses: LoraUses) -> Any:
        """The text encoder with the LoRAs' part for it."""
        hooks = self._group(uses)
        if hooks is None:
            return self._clip
        if uses not in self._clips:
            (self._clips[uses],) = SetClipHooks().apply_hooks(self._clip, False, False, hooks)
        return self._clips[uses]

    def _group(self, uses: LoraUses) -> Any:
        if not uses:
            return None
        files = tuple((self._paths[name], strength) for name, strength in uses)
        if files not in self._groups:
            group = comfy.hooks.HookGroup()
            for path, strength in files:
                for hook in comfy.hooks.create_hook_lora(self._weights[path], strength, strength).hooks:
                    group.add(hook)
            self._groups[files] = group
        return self._groups[files]


def _file_of(name: str) -> str:
    """The path of the LoRA whose file is called `name`, with or without folder and ending."""
    files = folder_paths.get_filename_list("loras")
    by_name: dict[str, str] = {}
    for file in files:
        path = PurePath(file.replace("\\", "/"))
        for key in (path.stem, path.name, str(path.with_suffix("")), str(path)):
            by_name.setdefault(key.casefold(), file)
    wanted = by_name.get(name.replace("\\", "/").casefold())
    if wanted is None:
        stems = sorted({PurePath(file.replace("\\", "/")).stem for file in files})
        raise ValueError(f"object_prompts: {unknown('LoRA', name, stems)} LoRA files belong into models/loras.")
    return folder_paths.get_full_path_or_raise("loras", wanted)


def _weights(path: str, model: Any, clip: Any) -> dict[str, Any]:
    """The tensors of a LoRA file; as hooks take them; ValueError if most of them fit no weight."""
    tensors: Any = comfy.utils.load_torch_file(path, safe_load=True)
    weights = comfy.lora_convert.convert_lora(tensors)
    keys = comfy.lora.model_lora_keys_unet(model.model, {})
    sized = model.model.state_dict()
    if clip is not None:
        keys = comfy.lora.model_lora_keys_clip(clip.cond_stage_model, keys)
        sized = {**sized, **clip.cond_stage_model.state_dict()}
    patches = comfy.lora.load_lora(weights, keys, log_missing=False)
    if not most_fit((patch, sized.get(key if isinstance(key, str) else key[0])) for key, patch in patches.items()):
        raise ValueError(
            f"The LoRA {PurePath(path).stem} fits neither the model nor its text encoder: it was made for another "
            "family of models. Use one for yours."
        )
    return weights


def takes_effect(*patched: tuple[Any, Any]) -> bool:
    """Whether what patched ModelPatchers, each given before and after, fits most of the weights it is for."""
    added = []
    for before, after in patched:
        weights = after.model.state_dict()
        for key, patches in after.patches.items():
            added += [(patch[1], weights.get(key)) for patch in patches[len(before.patches.get(key, ())) :]]
    return most_fit(added)


def most_fit(patches: Iterable[tuple[Any, Any]]) -> bool:
    """Whether more than half of the patches fit the weights beside them, None where there is no such weight."""
    fitting = [_fits(patch, weight) for patch, weight in patches]
    return 2 * sum(fitting) > len(fitting)


def _fits(patch: Any, weight: Any) -> bool:
    """Whether a patch changes a weight of this size. Only plain LoRAs show their size; others are taken as they are."""
    if weight is None or getattr(patch, "name", "") != "lora":
        return weight is not None
    up, down, _, mid, *_ = patch.weights
    return mid is not None or up.flatten(1).shape[0] * down.flatten(1).shape[1] == weight.numel()
