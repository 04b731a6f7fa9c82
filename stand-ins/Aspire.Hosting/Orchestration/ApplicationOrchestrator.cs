using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting.Orchestration;

/// <summary>Brings the application up, and down again.</summary>
internal sealed class ApplicationOrchestrator(
    DistributedApplicationModel model, IServiceProvider services, ILogger<DistributedApplication> log)
    : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Ports _ports = new();
    private readonly Dictionary<IResource, ProcessRunner> _runners = [];
    private readonly List<Task> _background = [];
    private Watchdog? _watchdog;
    private DashboardHost? _dashboard;
    private Task? _stopped;

    private DistributedApplicationOptions Options =>
        services.GetRequiredService<DistributedApplicationOptions>();
    private IConfiguration Configuration => services.GetRequiredService<IConfiguration>();
    private ResourceNotificationService Notifications =>
        services.GetRequiredService<ResourceNotificationService>();
    private IDistributedApplicationEventing Eventing =>
        services.GetRequiredService<IDistributedApplicationEventing>();
    private ConsoleLogs Logs => services.GetRequiredService<ConsoleLogs>();
    private bool RandomizePorts => Configuration.GetValue<bool>("DcpPublisher:RandomizePorts");

    public ProcessRunner? RunnerOf(IResource resource) => _runners.GetValueOrDefault(resource);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        log.LogInformation("Application host directory is: {Directory}", services.GetRequiredService<AppHostProject>().Path);
        await Eventing.PublishAsync(new BeforeStartEvent(services, model), cancellationToken);
        Check();

        var environment = ActivatorUtilities.CreateInstance<ResourceEnvironment>(services);
        await StartDashboard(environment, cancellationToken);
        var refused = await Allocate(cancellationToken);
        await Prepare(environment, cancellationToken);
        foreach (var resource in model.Resources) await Begin(resource, refused.GetValueOrDefault(resource));
        await Eventing.PublishAsync(new AfterResourcesCreatedEvent(services, model), cancellationToken);
    }

    /// <summary>
    /// Stops first what needs others. When the token is cancelled, what still runs is killed.
    /// </summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        // Several may ask, a test and the entry point that it took over: all of them wait for the one stop.
        lock (_runners) return _stopped ??= Stop(cancellationToken);
    }

    private async Task Stop(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        foreach (var group in Dependencies.InOrder([.. model.Resources]).Reverse())
        {
            await Task.WhenAll(group.Where(_runners.ContainsKey)
                .Select(resource => _runners[resource].Stop(cancellationToken)));
        }

        _watchdog?.Dispose();
        if (_dashboard is not null) await _dashboard.DisposeAsync();
        await Task.WhenAll(_background);
    }

    /// <returns>False when the resource offers no such command.</returns>
    public async Task<bool> Execute(IResource resource, string command, CancellationToken cancellation)
    {
        if (RunnerOf(resource) is not { } runner || _stopping.IsCancellationRequested) return false;

        if (command == KnownResourceCommands.StartCommand) await runner.Start(cancellation);
        else if (command == KnownResourceCommands.StopCommand) await runner.Stop(CancellationToken.None);
        else if (command == KnownResourceCommands.RestartCommand) await runner.Restart(cancellation);
        else return false;

        return true;
    }

    public void Dispose()
    {
        foreach (var runner in _runners.Values) runner.Dispose();
        _ports.Dispose();
        _stopping.Dispose();
    }

    private void Check()
    {
        Dependencies.Check([.. model.Resources]);
        var registered = services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations
            .Select(each => each.Name).ToHashSet();
        foreach (var resource in model.Resources)
        {
            var unknown = resource.Annotations.OfType<HealthCheckAnnotation>()
                .FirstOrDefault(each => !registered.Contains(each.Key));
            if (unknown is null) continue;

            throw new DistributedApplicationException(
                $"Resource '{resource.Name}' has the health check '{unknown.Key}', which is not registered in the "
                + "application host's services.");
        }
    }

    private async Task StartDashboard(ResourceEnvironment environment, CancellationToken cancellation)
    {
        if (Options.DisableDashboard) return;

        var name = Options.DashboardApplicationName
            ?? services.GetRequiredService<IHostEnvironment>().ApplicationName;
        var options = DashboardSettings.Read(Configuration, name, (setting, asked) =>
        {
            using var probe = new Ports();
            if (asked.Port == 0 || probe.TryKeep(asked.Port)) return asked;

            log.LogWarning("Port {Port} ({Setting}) is taken: a free one is used instead.", asked.Port, setting);
            return new UriBuilder(asked) { Port = 0 }.Uri;
        });
        _dashboard = await DashboardHost.Start(
            options, services.GetRequiredService<ResourceSource>(),
            services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILoggerFactory>(), cancellation);

        var addresses = _dashboard.Addresses;
        var (grpc, http) = DashboardSettings.Otlp(Configuration);
        environment.Telemetry = grpc is null && http is not null
            ? new(Bare(addresses.OtlpHttp), "http/protobuf", options.OtlpApiKey)
            : new(Bare(addresses.OtlpGrpc), "grpc", options.OtlpApiKey);
        log.LogInformation("Now listening on: {Address}", Bare(addresses.Frontend));
        log.LogInformation("Login to the dashboard at {Address}", addresses.Login);

        static string Bare(Uri address) => address.GetLeftPart(UriPartial.Authority);
    }

    /// <summary>Gives every endpoint its port.</summary>
    /// <returns>Which resources cannot have the port that they ask for, and why.</returns>
    private async Task<Dictionary<IResource, string>> Allocate(CancellationToken cancellation)
    {
        Dictionary<IResource, string> refused = [];
        foreach (var resource in model.Resources)
        {
            var endpoints = resource.Annotations.OfType<EndpointAnnotation>().ToArray();
            foreach (var endpoint in endpoints.Where(each => each.AllocatedEndpoint is null))
            {
                if (PortAskedFor(resource, endpoint) is not { } port)
                {
                    port = _ports.KeepAny();
                }
                else if (!_ports.TryKeep(port))
                {
                    refused[resource] = string.Create(
                        CultureInfo.InvariantCulture, $"port {port} of its endpoint '{endpoint.Name}' is taken.");
                }

                endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, endpoint.TargetHost, port);
            }

            if (endpoints.Length > 0)
            {
                await Eventing.PublishAsync(new ResourceEndpointsAllocatedEvent(resource, services), cancellation);
            }
        }

        await Eventing.PublishAsync(new AfterEndpointsAllocatedEvent(services, model), cancellation);
        return refused;
    }

    private int? PortAskedFor(IResource resource, EndpointAnnotation endpoint)
    {
        if (resource is ContainerResource) return endpoint.IsProxied && RandomizePorts ? null : endpoint.Port;
        if (endpoint.IsProxied) return endpoint.TargetPort ?? (RandomizePorts ? null : endpoint.Port);

        return endpoint.TargetPort ?? endpoint.Port ?? throw new DistributedApplicationException(
            $"Endpoint '{endpoint.Name}' of resource '{resource.Name}' needs a port because it has no proxy.");
    }

    private async Task Prepare(ResourceEnvironment environment, CancellationToken cancellation)
    {
        foreach (var resource in model.Resources)
        {
            await Notifications.PublishUpdateAsync(resource, before => before with
            {
                CreationTimeStamp = services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime,
                Relationships = [.. resource.Annotations.OfType<ResourceRelationshipAnnotation>()
                    .Select(each => new RelationshipSnapshot(each.Resource.Name, each.Type)).Distinct()],
            });
        }

        if (!model.Resources.Any(ResourceProperties.IsProcess)) return;

        _watchdog = Watchdog.Start();
        var loggers = services.GetRequiredService<ResourceLoggerService>();
        var runner = new RunnerServices(
            services, Eventing, Notifications, loggers, Logs,
            new LaunchPlan(services.GetRequiredService<AppHostProject>(), environment, Configuration, _ports),
            _watchdog, services.GetRequiredService<TimeProvider>(), log);
        var completing = model.Resources.SelectMany(each => each.Annotations.OfType<WaitAnnotation>())
            .Where(each => each.WaitType == WaitType.WaitForCompletion).Select(each => each.Resource).ToHashSet();
        foreach (var resource in model.Resources.Where(ResourceProperties.IsProcess))
        {
            _runners[resource] = new ProcessRunner(resource, completing.Contains(resource), runner);
            if (Options.EnableResourceLogging) Echo(resource);
        }

        cancellation.ThrowIfCancellationRequested();
    }

    private void Echo(IResource resource)
    {
        var own = services.GetRequiredService<ILoggerFactory>().CreateLogger($"Resources.{resource.Name}");
        Logs.Of(resource.Name).Echo = line => own.Log(
            line.IsError ? LogLevel.Error : LogLevel.Information, "{Line}", line.Text);
    }

    private async Task Begin(IResource resource, string? refused)
    {
        var health = new HealthMonitor(
            services.GetRequiredService<HealthCheckService>(), Notifications, Eventing, services,
            services.GetRequiredService<TimeProvider>(), log);
        Background(resource, () => health.Watch(resource, _stopping.Token));

        await CompleteUrls(resource);
        if (refused is not null) await Fail(resource, refused);
        else if (resource.HasAnnotationOfType<ExplicitStartupAnnotation>()) await Publish(resource, KnownResourceStates.NotStarted);
        else if (RunnerOf(resource) is { } runner) await runner.Start(_stopping.Token);
        else if (resource is ParameterResource parameter) await Show(parameter);
        else if (resource is ConnectionStringResource connection) Background(resource, () => Offer(connection));
        else if (resource is IResourceWithParent child) Background(resource, () => FollowParent(child));
        else Background(resource, () => Eventing.PublishAsync(
            new InitializeResourceEvent(
                resource, Eventing, services.GetRequiredService<ResourceLoggerService>().GetLogger(resource),
                Notifications, services),
            _stopping.Token));
    }

    private async Task CompleteUrls(IResource resource)
    {
        var urls = resource.Annotations.OfType<EndpointAnnotation>()
            .Select(each => new ResourceUrlAnnotation
            {
                Url = each.AllocatedEndpoint!.UriString,
                Endpoint = new EndpointReference((IResourceWithEndpoints)resource, each),
            })
            .Concat(resource.Annotations.OfType<ResourceUrlAnnotation>()).ToList();
        foreach (var annotation in resource.Annotations.OfType<ResourceUrlsAnnotation>())
        {
            await annotation.Complete(urls, _stopping.Token);
        }

        await Notifications.PublishUpdateAsync(resource, before => before with
        {
            Urls = [.. urls.Select(each => new UrlSnapshot(each.Endpoint?.EndpointName, each.Url, IsInternal: false)
            {
                DisplayText = each.DisplayText ?? "",
            })],
        });
    }

    private async Task Show(ParameterResource parameter)
    {
        try
        {
            await parameter.GetValueAsync(_stopping.Token);
            if (parameter is IResourceWithConnectionString)
            {
                await Eventing.PublishAsync(new ConnectionStringAvailableEvent(parameter, services), _stopping.Token);
            }

            await Publish(parameter, KnownResourceStates.Running);
        }
        catch (MissingParameterValueException missing)
        {
            await Fail(parameter, missing.Message);
        }
    }

    private async Task Offer(ConnectionStringResource connection)
    {
        await Publish(connection, KnownResourceStates.Waiting);
        await Notifications.WaitForDependenciesAsync(connection, _stopping.Token);
        await connection.ConnectionStringExpression.GetValueAsync(_stopping.Token);
        await Eventing.PublishAsync(new ConnectionStringAvailableEvent(connection, services), _stopping.Token);
        await Publish(connection, KnownResourceStates.Running);
    }

    private async Task FollowParent(IResourceWithParent child)
    {
        await foreach (var happened in Notifications.WatchAsync(_stopping.Token))
        {
            if (happened.Resource != child.Parent || happened.Snapshot.State?.Text is not { } state) continue;

            await Notifications.PublishUpdateAsync(child, before => before with
            {
                State = state,
                StartTimeStamp = happened.Snapshot.StartTimeStamp,
                StopTimeStamp = happened.Snapshot.StopTimeStamp,
            });
        }
    }

    private void Background(IResource resource, Func<Task> work)
    {
        _background.Add(Task.Run(async () =>
        {
            try
            {
                await work();
            }
            catch (OperationCanceledException)
            {
                // The application stops.
            }
#pragma warning disable CA1031 // Code of the application's author may throw anything; the resource says it.
            catch (Exception wrong)
#pragma warning restore CA1031
            {
                await Fail(resource, wrong.Message);
            }
        }));
    }

    private Task Fail(IResource resource, string reason)
    {
        log.LogError("Resource {Resource} failed to start: {Reason}", resource.Name, reason);
        Logs.Of(resource.Name).Add($"Failed to start: {reason}", isError: true);
        return Notifications.PublishUpdateAsync(resource, before => (before with
        {
            State = new ResourceStateSnapshot(KnownResourceStates.FailedToStart, KnownResourceStateStyles.Error),
        }).With(ResourceProperties.Reason, reason));
    }

    private Task Publish(IResource resource, string state) =>
        Notifications.PublishUpdateAsync(resource, before =>
        before with
        {
            State = state,
            StartTimeStamp = state == KnownResourceStates.Running
                ? services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime : before.StartTimeStamp,
        });
}
