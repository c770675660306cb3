"""The web UI's routes."""

from __future__ import annotations

from ..dialect import Dialect, Get, Post
from ..fastapi import Complaints, Failure, failed
from .messages import Answer, Img2ImgRequest, KnownScripts, Txt2ImgRequest
from .txt2img_img2img import img2img, scripts, txt2img

ROUTES = (
    Post("/sdapi/v1/txt2img", "Make pictures and repair what adetailer finds", Txt2ImgRequest, Answer, txt2img),
    Post("/sdapi/v1/img2img", "Change a picture and repair what adetailer finds", Img2ImgRequest, Answer, img2img),
    Get("/sdapi/v1/scripts", "Which scripts there are", scripts, KnownScripts),
)
DIALECT = Dialect("A1111", ROUTES, failed, Failure, Complaints)
