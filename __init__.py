"""AfterDetail for ComfyUI: finds faces, hands and people in an image and repairs each of them."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    from .nodes.extension import AfterDetailExtension  # here, so that the pack imports where ComfyUI is absent

    return AfterDetailExtension()
