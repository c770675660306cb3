"""Objects as other nodes pass them on, turned into Detections and back; nothing else in the pack knows these shapes."""
