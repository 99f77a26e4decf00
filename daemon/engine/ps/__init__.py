"""The host's ps, which dockerd runs for `docker top`: its options in three styles, its columns, its errors.

`options` reads words, `selection` says which processes are meant, `layouts` which columns, `listing` writes the text.
"""
