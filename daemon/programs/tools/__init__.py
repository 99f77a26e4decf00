"""The tools that people type: files, text, system; in the flavours of busybox and GNU."""
