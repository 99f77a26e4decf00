"""Where the result of a build goes: an image that stays here, or files and tars for the client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from daemon.clock import Clock
from daemon.engine.build.client import BuildClient
from daemon.engine.build.evaluator import Snapshot
from daemon.engine.build.export import image_config
from daemon.engine.build.inline_cache import written
from daemon.engine.build.job import Exporter, Job, Prepared
from daemon.engine.build.options import NO_NUMBER, nanoseconds, seconds
from daemon.engine.build.selection import EVERYTHING, below
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.images.image import Image
from daemon.engine.images.service import Images, parse_reference
from daemon.fs.filesystem import Filesystem
from daemon.fs.frozen import FrozenTree
from daemon.fs.overlay import OverlayTree
from daemon.fs.tar import export as export_tar

IMAGE = "moby"
"""The exporter of this engine; clients call it `image` or `docker`."""
BAD_EPOCH = f"invalid source-date-epoch: {NO_NUMBER}: {NO_NUMBER}"
EXPORTERS = (IMAGE, "local", "tar")


@dataclass(frozen=True, slots=True)
class Exports:
    """Carries results out of the builder."""

    images: Images
    clock: Clock

    async def export(
        self,
        job: Job,
        prepared: Prepared,
        snapshot: Snapshot,
        number: int,
        exporter: Exporter,
        client: BuildClient,
    ) -> dict[str, str]:
        if exporter.type == IMAGE:
            return self._keep_image(job, prepared, snapshot, exporter)
        epoch = nanoseconds(_epoch(exporter, prepared))
        files = self._files(snapshot) if epoch is None else self._dated_files(snapshot, epoch)
        if exporter.type == "local":
            step = job.progress.announce("exporting to client directory")
            with step.running(), step.transfer("copying files") as line:
                await client.send_tree(number, files, progress=line.count)
        else:
            step = job.progress.announce("exporting to client tarball")
            with step.running(), step.transfer("sending tarball"):
                await client.send_stream(number, _chunks(files))
        return {}

    def _files(self, snapshot: Snapshot) -> Filesystem:
        store = self.images.layer_store
        return Filesystem(FrozenTree(store.merged(snapshot.diff_ids), store.spool, self.clock.now))

    def _dated_files(self, snapshot: Snapshot, time: int) -> Filesystem:
        """All of it of one time, older or not."""
        store = self.images.layer_store
        tree = OverlayTree(store.merged(snapshot.diff_ids), store.spool, self.clock.now)
        files = Filesystem(tree)
        for entry in [*below(files, "/", EVERYTHING)]:
            files.utime(f"/{entry.relative}", time, time, follow=False)
        return files

    def _keep_image(
        self, job: Job, prepared: Prepared, snapshot: Snapshot, exporter: Exporter
    ) -> dict[str, str]:
        step = job.progress.announce("exporting to image")
        for record in snapshot.records:
            record.finalize()
        with step.running():
            if snapshot.diff_ids:
                with step.transfer("exporting layers"):
                    pass
            now, epoch = self.clock.now(), prepared.options.epoch
            raw = image_config(prepared.plan.target, snapshot, now, epoch)
            if job.inline_cache:
                with step.transfer("preparing layers for inline cache"):
                    cache = written(snapshot.records)
                    raw = image_config(prepared.plan.target, snapshot, now, epoch, cache)
            image = Image.from_json(raw)
            with step.transfer(f"writing image {image.id}"):
                image = self.images.store.add(image)
            given = filter(None, exporter.attributes.get("name", "").split(","))
            names = [parse_reference(name) for name in given]
            for name in names:
                with step.transfer(f"naming to {name}"):
                    self.images.tag(image, name.tagged())
            self.images.tell("create", image.id, image.id)
        response = {"containerimage.digest": image.id, "containerimage.config.digest": image.id}
        if names:
            response["image.name"] = ",".join(str(name) for name in names)
        return response


def _epoch(exporter: Exporter, prepared: Prepared) -> int | None:
    """What the output was told counts before SOURCE_DATE_EPOCH of the build."""
    text = exporter.attributes.get("source-date-epoch", "")
    return seconds(text, BAD_EPOCH) if text else prepared.options.epoch


def check_exporters(exporters: Sequence[Exporter]) -> None:
    """DockerfileError for one that this engine has not."""
    for exporter in exporters:
        if exporter.type not in EXPORTERS:
            raise DockerfileError(f'exporter "{exporter.type}" could not be found')


async def _chunks(files: Filesystem) -> AsyncGenerator[bytes, None]:
    for chunk in export_tar(files):
        yield chunk
