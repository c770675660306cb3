"""The pure core of AfterDetail: geometry, masks, crops and paste on tensors. Only `sampling` knows ComfyUI."""
