"""The web UI's requests and answers, and the arguments of adetailer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ....detailer.names import unknown
from ...graphs import NUMBERED_FILLS, InGraph, in_hundredths_or_0
from ...validation import MAX_SEED, Name, Prompt, RequestModel, Switch
from .samplers import AUTOMATIC, OLD_NAMES, SAME_SCHEDULER, SAMPLERS, SCHEDULERS


def _whole(value: object) -> object:
    """Clients of the web UI write 0.0 for 0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


def _known(what: str, names: Iterable[str], shown: Collection[str]) -> AfterValidator:
    """Takes one of the names, whose capitals don't count; a refusal tells the nearest of those `shown`."""
    folded = {name.casefold() for name in names}

    def checked(name: str) -> str:
        if name.casefold() not in folded:
            raise ValueError(f"is not known. {unknown(what, name, shown)}")
        return name

    return AfterValidator(checked)


_SCHEDULES = (AUTOMATIC, SAME_SCHEDULER, *SCHEDULERS)
SamplerName = Annotated[Name, _known("sampler", (*SAMPLERS, *OLD_NAMES), SAMPLERS)]
Scheduler = Annotated[Name, _known("scheduler", _SCHEDULES, _SCHEDULES)]


class Tab(RequestModel):
    """One tab of adetailer: its arguments, with its defaults."""

    model_config = ConfigDict(extra="forbid")

    ad_model: Name = "None"
    ad_model_classes: Annotated[str, InGraph("labels")] = Field("", max_length=1000)
    ad_tab_enable: bool = True
    ad_tap_enable: bool = Field(True, description="As older versions spell it.")
    ad_prompt: Prompt = ""
    ad_negative_prompt: Prompt = ""
    ad_confidence: float = Field(0.3, ge=0, le=1)
    ad_mask_filter_method: Literal["Area", "Confidence"] = "Area"
    ad_mask_k: Whole = Field(0, ge=0, le=4096)
    ad_mask_k_largest: Whole = Field(0, ge=0, le=4096, description="As older versions call ad_mask_k.")
    ad_mask_min_ratio: float = Field(0.0, ge=0, le=1)
    ad_mask_max_ratio: float = Field(1.0, ge=0, le=1)
    ad_dilate_erode: Annotated[Whole, InGraph("mask_dilation")] = Field(4, ge=-512, le=512)
    ad_x_offset: Annotated[Whole, InGraph("x_offset")] = Field(0, ge=-16384, le=16384)
    ad_y_offset: Whole = Field(0, ge=-16384, le=16384, description="Upwards.")
    ad_mask_merge_invert: Literal["None", "Merge", "Merge and Invert"] = "None"
    ad_mask_blur: Annotated[Whole, InGraph("mask_blur")] = Field(4, ge=0, le=512)
    ad_denoising_strength: float = Field(0.4, ge=0, le=1)
    ad_inpaint_only_masked: bool = True
    ad_inpaint_only_masked_padding: Whole = Field(32, ge=0, le=4096)
    ad_use_inpaint_width_height: bool = False
    ad_inpaint_width: Whole = Field(512, ge=1)
    ad_inpaint_height: Whole = Field(512, ge=1)
    ad_use_steps: bool = False
    ad_steps: Whole = Field(28, ge=1, le=150)
    ad_use_cfg_scale: bool = False
    ad_cfg_scale: float = Field(7.0, ge=0, le=100)
    ad_use_checkpoint: bool = False
    ad_checkpoint: Name | None = None
    ad_use_vae: bool = False
    ad_vae: Name | None = None
    ad_use_sampler: bool = False
    ad_sampler: SamplerName = "DPM++ 2M Karras"
    ad_scheduler: Scheduler = SAME_SCHEDULER
    ad_use_noise_multiplier: bool = False
    ad_noise_multiplier: float = Field(1.0, ge=0.5, le=1.5)
    ad_use_clip_skip: bool = False
    ad_clip_skip: Whole = Field(1, ge=1, le=12)
    ad_restore_face: Literal[False] = False
    ad_controlnet_model: Literal["None"] = "None"
    ad_controlnet_module: str = "None"
    ad_controlnet_weight: float = Field(1.0, ge=0, le=1)
    ad_controlnet_guidance_start: float = Field(0.0, ge=0, le=1)
    ad_controlnet_guidance_end: float = Field(1.0, ge=0, le=1)
    is_api: Any = True

    @property
    def is_on(self) -> bool:
        """Whether it names a detector and is not switched off."""
        return self.ad_model != "None" and self.ad_tab_enable and self.ad_tap_enable


class ADetailer(RequestModel):
    """`args`: whether it is on at all, whether the picture is kept but for the repairs, and the tabs in their order."""

    args: list[bool | Tab] = Field([], max_length=12)

    @property
    def tabs(self) -> list[Tab]:
        """Those that are on; none where the whole script is off."""
        is_on = self.args[0] if self.args and isinstance(self.args[0], bool) else True
        return [tab for tab in self.args if isinstance(tab, Tab) and tab.is_on] if is_on else []

    @property
    def skips_img2img(self) -> bool:
        """Whether the picture is only repaired, and not painted anew first."""
        return bool(self.tabs) and len(self.args) > 1 and self.args[1] is True


class Scripts(RequestModel):
    model_config = ConfigDict(extra="allow")

    adetailer: ADetailer = Field(ADetailer(args=[]), alias="ADetailer")

    @model_validator(mode="before")
    @classmethod
    def only_adetailer(cls, value: Any) -> Any:
        """ADetailer under one spelling; ValueError for a script with arguments that is another."""
        if not isinstance(value, dict):
            return value
        for name, script in value.items():
            if name.casefold() != "adetailer" and isinstance(script, dict) and script.get("args"):
                raise ValueError(f"{name[:40]!r} is no script of this server. Leave it out: it has ADetailer only.")
        return {"ADetailer" if name.casefold() == "adetailer" else name: script for name, script in value.items()}


class Overrides(RequestModel):
    sd_model_checkpoint: Name | None = None
    sd_vae: Name | None = None
    CLIP_stop_at_last_layers: Whole = Field(1, ge=1, le=12)


class Common(RequestModel):
    """What both routes have, with the web UI's defaults."""

    prompt: Prompt = ""
    negative_prompt: Prompt = ""
    styles: list[Name] = Field([], max_length=1, description="One of the names of the node Style Preset.")
    seed: Whole = Field(-1, ge=-1, le=MAX_SEED)
    subseed_strength: float = Field(0, ge=0, le=0)
    sampler_name: SamplerName | None = None
    sampler_index: SamplerName = "Euler"
    scheduler: Scheduler = AUTOMATIC
    batch_size: Whole = Field(1, ge=1, le=16)
    n_iter: Whole = Field(1, ge=1, le=16)
    steps: Whole = Field(50, ge=1, le=150)
    cfg_scale: float = Field(7.0, ge=0, le=100)
    width: Whole = Field(512, ge=64, le=4096, multiple_of=8)
    height: Whole = Field(512, ge=64, le=4096, multiple_of=8)
    restore_faces: Literal[False] = False
    tiling: Literal[False] = False
    override_settings: Overrides = Overrides.model_validate({})
    script_name: Literal[""] = ""
    alwayson_scripts: Scripts = Scripts.model_validate({})

    @property
    def sampler(self) -> tuple[str, str]:
        """The web UI's names of the sampler and of its schedule."""
        return self.sampler_name or self.sampler_index, self.scheduler

    @property
    def count(self) -> int:
        """How many pictures."""
        return self.batch_size * self.n_iter

    @model_validator(mode="after")
    def not_too_many(self) -> Common:
        """ValueError for more than 16 pictures."""
        if self.count > 16:
            raise ValueError(f"batch_size {self.batch_size} times n_iter {self.n_iter} is above 16. Ask for fewer.")
        return self


class Txt2ImgRequest(Common):
    """Pictures from words."""

    enable_hr: Literal[False] = False


class Img2ImgRequest(Common):
    """Pictures from a picture; with a mask, its white part painted anew."""

    init_images: list[str] = Field(min_length=1, max_length=1, description="An image file as base64.")
    resize_mode: Whole = Field(0, ge=0, le=1, description="0 stretches the picture, 1 cuts it.")
    denoising_strength: float = Field(0.75, ge=0, le=1)
    mask: str | None = None
    mask_blur: Annotated[Whole, InGraph()] = Field(4, ge=0, le=512)
    inpainting_fill: Annotated[Whole, InGraph("fill", NUMBERED_FILLS.__getitem__)] = Field(0, ge=0, le=3)
    inpaint_full_res: Annotated[Switch, InGraph("only_masked", bool)] = True
    inpaint_full_res_padding: Annotated[Whole, InGraph("padding")] = Field(0, ge=0, le=4096)
    inpainting_mask_invert: Annotated[Switch, InGraph("invert", bool)] = 0
    include_init_images: bool = False

    @property
    def strength(self) -> float:
        """As the graph has it."""
        return in_hundredths_or_0(self.denoising_strength)


class Answer(BaseModel):
    """`info` is JSON in a text, as the web UI has it."""

    images: list[str]
    parameters: dict[str, Any]
    info: str


class KnownScripts(BaseModel):
    txt2img: list[str]
    img2img: list[str]
