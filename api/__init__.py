"""HTTP routes that speak the dialects of hosted services. Each builds an ordinary ComfyUI graph and queues it."""
