using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Orchestration;

/// <summary>How one resource is started this time.</summary>
internal sealed record PlannedLaunch(Launch Launch, IReadOnlyList<EnvironmentView> Environment);

/// <summary>Turns what is known about a resource into a program, arguments and variables.</summary>
internal sealed class LaunchPlan(
    AppHostProject appHost, ResourceEnvironment environment, IConfiguration configuration, Ports ports)
{
    private readonly Lock _lock = new();
    private Task<string?>? _runtime;

    /// <exception cref="DistributedApplicationException">
    /// It cannot be started; the message says why.
    /// </exception>
    public async Task<PlannedLaunch> Of(
        IResource resource, Watchdog watchdog, ILogger log, CancellationToken cancellation)
    {
        var variables = await environment.Variables(resource, watchdog.Mark[..8], log, cancellation);
        var arguments = await environment.Arguments(resource, log, cancellation);
        var values = variables.ToDictionary(each => each.Name, each => each.Value);
        var launch = resource switch
        {
            ProjectResource project => OfProject(project, arguments, values),
            ExecutableResource executable =>
                new Launch(executable.Command, arguments, executable.WorkingDirectory, values),
            ContainerResource container =>
                await OfContainer(container, arguments, values, watchdog, cancellation),
            _ => throw new DistributedApplicationException($"it is not a process: {resource.GetType()}."),
        };
        return new PlannedLaunch(launch, variables);
    }

    private Launch OfProject(
        ProjectResource project, IReadOnlyList<string> arguments, Dictionary<string, string> variables)
    {
        var path = project.Annotations.OfType<IProjectMetadata>().Last().ProjectPath;
        var built = BuiltProject.Find(path, appHost.Configuration);
        var profile = project.TryGetLastAnnotation<LaunchProfileChoice>(out var choice) ? choice.Profile : null;
        if (arguments.Count == 0 && profile?.Arguments is { } own)
        {
            arguments = own.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        return new Launch(built.Command, [.. built.Arguments, .. arguments], built.Directory, variables);
    }

    private async Task<Launch> OfContainer(
        ContainerResource container, IReadOnlyList<string> arguments, Dictionary<string, string> variables,
        Watchdog watchdog, CancellationToken cancellation)
    {
        var runtime = await Runtime(watchdog, cancellation);
        if (!container.TryGetLastAnnotation<ContainerImageAnnotation>(out var image))
        {
            throw new DistributedApplicationException("it has no container image.");
        }

        List<(int Host, int Container, string Protocol)> published = [];
        foreach (var endpoint in container.Annotations.OfType<EndpointAnnotation>())
        {
            var port = endpoint.AllocatedEndpoint!.Port;
            ports.Release(port); // The runtime opens it, and need not share.
            published.Add((port, endpoint.TargetPort ?? port, endpoint.Protocol.ToString().ToLowerInvariant()));
        }

        var line = ContainerCommandLine.Of(new ContainerRun(
            $"{container.Name}-{watchdog.Mark[..8]}", watchdog.Mark, image, container.Entrypoint, arguments,
            published, variables.Keys, [.. container.Annotations.OfType<ContainerMountAnnotation>()]));
        return new Launch(runtime, line, appHost.Path, variables);
    }

    private async Task<string> Runtime(Watchdog watchdog, CancellationToken cancellation)
    {
        Task<string?> looking;
        lock (_lock)
        {
            // Looked for once; again at the next start of a container when none answered.
            if (_runtime is null or { IsCompletedSuccessfully: true, Result: null }) _runtime = Look();
            looking = _runtime;
        }

        return await looking.WaitAsync(cancellation)
            ?? throw new DistributedApplicationException("no container runtime answers on this machine.");

        async Task<string?> Look()
        {
            var asked = configuration["ASPIRE_CONTAINER_RUNTIME"] ?? configuration["DOTNET_ASPIRE_CONTAINER_RUNTIME"];
            var found = await ContainerRuntime.Find(asked, CancellationToken.None);
            if (found is not null) watchdog.UsesContainers(found);
            return found;
        }
    }
}
