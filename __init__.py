"""AfterDetail for ComfyUI: finds faces, hands and people in an image and repairs each of them."""

import logging

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    from .nodes.supported import NoNodes, too_old  # here, so that the pack imports where ComfyUI is absent

    if sentence := too_old():
        logging.getLogger("afterdetail").error(sentence)
        return NoNodes()
    from .detectors import optional

    logging.getLogger("afterdetail").info(optional.sentence())
    from .extension import AfterDetailExtension  # here, because it may fail where ComfyUI is too old

    return AfterDetailExtension()
