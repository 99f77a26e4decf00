"""Every VersionChange, newest first: the one list of API differences."""

import functools

from api_schema.changes import (
    v1_25,
    v1_28,
    v1_30,
    v1_32,
    v1_40,
    v1_41,
    v1_42,
    v1_43,
    v1_44,
    v1_45,
    v1_46,
    v1_47,
    v1_48,
    v1_49,
    v1_50,
    v1_51,
)
from api_schema.version import ApiVersion, Translation, VersionChange

NEWEST = ApiVersion(1, 51)
OLDEST = ApiVersion(1, 24)

ALL_CHANGES: tuple[type[VersionChange], ...] = (
    v1_51.CountContainersOfImages,
    v1_50.DropBridgeNetfilter,
    v1_50.DropContainerFieldsOfImages,
    v1_50.DeleteImagePlatforms,
    v1_49.AddFirewallBackend,
    v1_49.DropExpectedCommits,
    v1_49.InspectImagePlatform,
    v1_48.ImagePlatforms,
    v1_48.PruneSpaces,
    v1_47.DropNondistributableArtifacts,
    v1_46.AddContainerdInfo,
    v1_46.PushPlatform,
    v1_45.AddVolumeSubpath,
    v1_45.DropContainerOfImage,
    v1_44.AddRuntimeStatus,
    v1_44.AddStartInterval,
    v1_44.MacAddressOfEndpoint,
    v1_44.SeveralNetworksAtCreate,
    v1_44.DropVirtualSize,
    v1_43.AddAnnotations,
    v1_43.EmptyNamesOfImages,
    v1_42.AddCreateMountpoint,
    v1_42.AddParentsOfBuildCache,
    v1_42.CheckMountOptions,
    v1_42.DropBuilderSize,
    v1_42.DropKernelMemory,
    v1_42.DropKernelMemoryOfContainer,
    v1_42.MultiplexedStreamType,
    v1_42.PruneAnonymousVolumes,
    v1_42.SelectDiskUsageTypes,
    v1_42.SharedSizeOfImages,
    v1_41.CgroupNamespaces,
    v1_41.OneShotStats,
    v1_41.PlatformOfContainer,
    v1_41.DropNameFilterOfImages,
    v1_40.BuildOutputs,
    v1_40.PrivateIpc,
    v1_32.BuildPlatform,
    v1_32.PullPlatform,
    v1_30.BuildAux,
    v1_30.WaitConditions,
    v1_28.BinaryWebSocket,
    v1_28.DropContainersOfNetworkList,
    v1_25.KeyValueSecurityOptions,
    v1_25.RemoveByDaemon,
    # Last, because it sorts what all the others leave behind.
    v1_50.DropLegacyFieldsOfInfo,
)


@functools.cache
def translation(version: ApiVersion) -> Translation:
    """What stands between the newest version and this one."""
    return Translation(ALL_CHANGES, version)
