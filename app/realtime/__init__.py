"""The wire: frames, the session of one socket, the fan-out, and the browser's client."""
