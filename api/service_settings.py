"""What the operator of the service chose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ..detailer.family import HostedFamily

KEY = "AFTERDETAIL_API_KEY"
MEGABYTE = 1_000_000
ApiKey = Annotated[str, StringConstraints(min_length=16)]
"""Short keys can be guessed."""


class SettingsModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Checkpoints(SettingsModel):
    """Stems of checkpoint files, taken where a request names none."""

    sdxl: str | None = None
    sd15: str | None = None
    refiner: str | None = None


class Safety(SettingsModel):
    """Files for the node Safety Check: with them, results that come too close to a concept are left out."""

    clip_vision: str
    concepts: str
    threshold: float = Field(default=0.25, ge=-1, le=1)


class Settings(SettingsModel):
    enabled: bool = False
    api_keys: tuple[ApiKey, ...] = ()
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$")
    """How clients reach the service, for the links in its answers. None: as the request did."""
    checkpoints: Checkpoints = Checkpoints()
    controlnet: str | None = None
    photomaker: str | None = None
    segmind_base_model: HostedFamily = "sd15"
    safety: Safety | None = None
    max_jobs_per_key: int = Field(default=16, ge=1, le=10_000)
    max_queue: int = Field(default=100, ge=1, le=10_000)
    """Jobs of all keys that wait or run, ComfyUI's own included."""
    timeout_seconds: float = Field(default=600, gt=0)
    """How long a job may run. Waiting does not count."""
    max_body_mb: float = Field(default=64, gt=0)
    max_image_mb: float = Field(default=20, gt=0)
    max_pixels: int = Field(default=4096 * 4096, ge=1)
    download_seconds: float = Field(default=20, gt=0)
    trusted_image_hosts: tuple[str, ...] = ()
    """host:port of image servers that may lie in a private network."""
    task_hours: float = Field(default=24, gt=0)
    log_requests: bool = False
    """Write requests, without images and keys but with prompts, to ComfyUI's log."""

    @property
    def max_body_bytes(self) -> int:
        """Of a request."""
        return int(self.max_body_mb * MEGABYTE)

    @property
    def max_image_bytes(self) -> int:
        """Of the file of one picture in a request."""
        return int(self.max_image_mb * MEGABYTE)


def settings_of(table: Mapping[str, Any], environment: Mapping[str, str], source: Path) -> Settings:
    """The settings in `table`, which came from `source`, and the key of the environment.

    ValueError names what is wrong, and shows no value: it may be a key.
    """
    try:
        settings = Settings.model_validate(table)
        if key := environment.get(KEY, "").strip():
            settings = Settings.model_validate({**table, "api_keys": [*settings.api_keys, key]})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ValueError(f"{source} or the environment holds a setting that cannot be used: {wrong}.") from None
    return settings
