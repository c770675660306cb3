"""The A1111 web UI with the extension adetailer: pictures from words and pictures, and their objects repaired."""
