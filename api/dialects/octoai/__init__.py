"""OctoAI: After Detailer, and pictures from words and from other pictures."""
