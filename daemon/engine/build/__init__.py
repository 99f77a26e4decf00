"""Building images from Dockerfiles: one interpreter, two builders."""
