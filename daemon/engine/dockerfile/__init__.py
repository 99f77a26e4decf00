"""The Dockerfile language: lines, words, instructions, ignore patterns. Pure; knows no engine."""
