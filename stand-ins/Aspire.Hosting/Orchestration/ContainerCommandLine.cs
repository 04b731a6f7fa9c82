using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Orchestration;

/// <summary>A container to be run.</summary>
/// <param name="Ports">Port on this machine's loopback address → port in the container.</param>
/// <param name="Environment">
/// Only the names are on the command line; the values are in the runtime's own environment, where no list of
/// processes shows them.
/// </param>
internal sealed record ContainerRun(
    string Name, string Mark, ContainerImageAnnotation Image, string? Entrypoint, IReadOnlyList<string> Arguments,
    IReadOnlyList<(int Host, int Container, string Protocol)> Ports, IReadOnlyCollection<string> Environment,
    IReadOnlyList<ContainerMountAnnotation> Mounts);

/// <summary>
/// The arguments of <c>docker run</c> or <c>podman run</c>. The container stays attached, so that it is
/// supervised as any process: its output is the client's, a signal to the client reaches it, and it is
/// removed when it ends.
/// </summary>
internal static class ContainerCommandLine
{
    public static IReadOnlyList<string> Of(ContainerRun run)
    {
        List<string> line = ["run", "--rm", "--name", run.Name, "--label", $"{Watchdog.MarkName}={run.Mark}"];
        foreach (var (host, container, protocol) in run.Ports)
        {
            line.AddRange(["-p", $"127.0.0.1:{host}:{container}{(protocol == "udp" ? "/udp" : "")}"]);
        }

        foreach (var name in run.Environment.Order(StringComparer.Ordinal)) line.AddRange(["-e", name]);
        foreach (var mount in run.Mounts) line.AddRange(["--mount", Mount(mount)]);
        if (run.Entrypoint is not null) line.AddRange(["--entrypoint", run.Entrypoint]);
        line.Add(ImageOf(run.Image));
        line.AddRange(run.Arguments);
        return line;
    }

    private static string Mount(ContainerMountAnnotation mount)
    {
        var type = mount.Type == ContainerMountType.BindMount ? "bind" : "volume";
        var source = mount.Source is null ? "" : $",source={mount.Source}";
        return $"type={type}{source},target={mount.Target}{(mount.IsReadOnly ? ",readonly" : "")}";
    }

    private static string ImageOf(ContainerImageAnnotation image) =>
        (image.Registry is { Length: > 0 } registry ? registry + "/" : "") + image.Image
        + (image.Tag is { Length: > 0 } tag ? ":" + tag : "");
}
