using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Billing.AppHost.Infrastructure;
using Billing.Contracts;
using Billing.Testbed;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Billing.AppHost.Tests.Stack;

/// <summary>The AppHost itself, on a data folder of its own.</summary>
[TestFixture("embedded"), TestFixture("binaries"), NonParallelizable]
public sealed class StackTests(string kafka)
{
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(3);

    private static readonly string[] processes = [Resources.Postgres, Resources.Kafka, .. Resources.Services];

    private static readonly Uri ready = new("/health/ready", UriKind.Relative);

    private readonly TemporaryFolder data = new();
    private readonly OtlpReceiver telemetry = new();
    private DistributedApplication application = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        if (kafka == "binaries" && Environment.GetEnvironmentVariable("KAFKA_HOME") is null or "")
            Assert.Ignore("KAFKA_HOME is not set: this needs a real Apache Kafka.");

        using var limit = new CancellationTokenSource(patience);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Choice>(
            [$"--BILLING_DATA={data.Path}", "--Billing:Postgres=binaries", $"--Billing:Kafka={kafka}"],
            limit.Token);
        foreach (var resource in builder.Resources.OfType<IResourceWithEnvironment>().ToArray())
            builder.CreateResourceBuilder(resource).WithEnvironment(Instrument);

        application = await builder.BuildAsync(limit.Token);
        await application.StartAsync(limit.Token);
    }

    /// <summary>Whatever the test before has killed is back.</summary>
    [SetUp]
    public async Task EverythingIsHealthy()
    {
        using var limit = new CancellationTokenSource(patience);
        foreach (var name in processes) await IsHealthy(name, limit.Token);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (application is not null)
        {
            using var limit = new CancellationTokenSource(patience);
            await application.StopAsync(limit.Token);
            await application.DisposeAsync();
            Processes.With(data.Path).ShouldBeEmpty("a stop leaves no process");
            File.Exists(Path.Combine(data.Path, "running.json")).ShouldBeFalse();
        }

        telemetry.Dispose();
        data.Dispose();
    }

    [Test]
    public async Task every_service_answers_that_it_is_ready()
    {
        foreach (var service in Resources.Services)
        {
            using var client = application.CreateHttpClient(service, "http");
            // On a busy machine Kafka's answer may come too late for once.
            await Eventually.Is(
                async () => (await client.GetAsync(ready)).IsSuccessStatusCode, patience,
                $"{service} is ready");
        }
    }

    [Test]
    public async Task migrations_have_run_and_only_they_know_the_administrator()
    {
        foreach (var service in Resources.Services)
        {
            var migrations = await application.ResourceNotifications.WaitForResourceAsync(
                Resources.Migrations(service), change => change.Snapshot.ExitCode is not null);
            migrations.Snapshot.ExitCode.ShouldBe(0);

            application.ResourceNotifications.TryGetCurrentState(service, out var running).ShouldBeTrue();
            var variables = running!.Snapshot.EnvironmentVariables
                .Select(variable => variable.Name).ToArray();
            variables.ShouldContain($"ConnectionStrings__{service}-reader");
            variables.ShouldNotContain($"ConnectionStrings__{service}");
            variables.ShouldNotContain($"ConnectionStrings__{service}-owner");
        }
    }

    [Test]
    public async Task a_trace_crosses_two_services_over_Kafka() =>
        await Eventually.Is(() => telemetry.Received
            .GroupBy(span => span.TraceId)
            .Any(trace => trace.Any(span => span.Service == Resources.Console)
                && trace.Any(span =>
                    Resources.Services.Contains(span.Service) && span.Service != Resources.Console)),
            patience);

    [Test]
    public async Task a_service_that_is_killed_comes_back()
    {
        var before = Processes.Of(application, Resources.Ledger);

        Processes.Kill(before);

        await Eventually.Is(() => IsBack(Resources.Ledger, before), patience);
        using var client = application.CreateHttpClient(Resources.Ledger, "http");
        // Its process runs before it listens, and what is known of its health is from the time before.
        await Eventually.Is(async () => (await client.GetAsync(ready)).IsSuccessStatusCode, patience);
    }

    [Test]
    public async Task a_broker_that_is_killed_is_found_again_by_every_service()
    {
        var broker = Processes.Of(application, Resources.Kafka);
        var services = Resources.Services.ToDictionary(name => name, name => Processes.Of(application, name));

        Processes.Kill(broker);

        await Eventually.Is(() => IsBack(Resources.Kafka, broker), patience);
        if (kafka == "embedded") // at another address, so that they have to be told
            foreach (var (name, before) in services)
                await Eventually.Is(() => IsBack(name, before), patience, $"{name} is restarted");
    }

    [Test]
    public async Task a_second_stack_on_the_same_folder_is_refused()
    {
        var refused = await Processes.RunAppHost($"--BILLING_DATA={data.Path}");

        refused.ExitCode.ShouldBe(1);
        refused.Error.Trim().ShouldBe(
            $"A stack is running on {data.Path} already: stop it first, or set BILLING_DATA to another "
            + "folder.");
    }

    [Test]
    public async Task running_json_says_where_it_is_and_no_password()
    {
        var file = Path.Combine(data.Path, "running.json");
        await Eventually.Is(() => File.Exists(file), patience);
        var text = await File.ReadAllTextAsync(file);

        foreach (var service in Resources.Services)
            text.ShouldContain(application.GetEndpoint(service, "http").ToString().TrimEnd('/'));
        text.ShouldContain($"\"pid\": {Environment.ProcessId}");
        text.ShouldNotContain("assword");
    }

    private async Task IsHealthy(string name, CancellationToken limit)
    {
        try
        {
            await application.ResourceNotifications.WaitForResourceHealthyAsync(name, limit);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{name} does not get healthy: {string.Join(", ", processes.Select(StateOf))}");
        }
    }

    private string StateOf(string name) =>
        application.ResourceNotifications.TryGetCurrentState(name, out var now)
            ? $"{name} {now.Snapshot.State?.Text} {Reports(now.Snapshot)}" : $"{name} unknown";

    private static string Reports(CustomResourceSnapshot snapshot) =>
        string.Join("; ", snapshot.HealthReports.Select(report => report.Description));

    private bool IsBack(string name, int before) =>
        application.ResourceNotifications.TryGetCurrentState(name, out var now)
        && now.Snapshot.HealthStatus is HealthStatus.Healthy && Processes.Of(application, name) != before;

    private void Instrument(EnvironmentCallbackContext context)
    {
        context.EnvironmentVariables["BILLING_TEST_STACK"] = data.Path;
        context.EnvironmentVariables["OTEL_EXPORTER_OTLP_ENDPOINT"] = telemetry.Address;
        context.EnvironmentVariables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        context.EnvironmentVariables["OTEL_BSP_SCHEDULE_DELAY"] = "200";
    }
}
