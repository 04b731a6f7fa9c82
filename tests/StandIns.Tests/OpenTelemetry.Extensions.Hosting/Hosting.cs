using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Billing.StandIns.Tests.OpenTelemetryHosting;

public class Hosting
{
    [Test]
    public async Task what_hosted_services_do_while_they_start_is_already_traced()
    {
        using var source = new ActivitySource("hosting-test-1");
        var ended = new Ended<Activity>(activity => $"{activity.DisplayName}");
        using var host = Host(services =>
        {
            services.AddHostedService(_ => new AtStart(() => source.StartActivity("at start")?.Dispose()));
            services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource(source.Name).AddProcessor(ended));
        });

        await host.StartAsync();
        await host.StopAsync();

        ended.Seen.ShouldBe(["at start"]);
    }

    [Test]
    public void before_the_host_starts_nothing_listens()
    {
        using var source = new ActivitySource("hosting-test-2");
        using var host = Host(services => services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource(source.Name)));

        source.HasListeners().ShouldBeFalse();
    }

    [Test]
    public async Task several_libraries_may_each_add_their_part_to_one_provider()
    {
        using var one = new ActivitySource("hosting-test-3");
        using var two = new ActivitySource("hosting-test-4");
        var ended = new Ended<Activity>(activity => activity.DisplayName);
        using var host = Host(services =>
        {
            services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource(one.Name));
            services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource(two.Name).AddProcessor(ended))
                .ConfigureResource(resource => resource.AddService("tested", serviceVersion: "1.2"));
            services.Count(service => service.ServiceType == typeof(TracerProvider)).ShouldBe(1);
            services.Count(service => service.ServiceType == typeof(IHostedService)).ShouldBe(1);
        });
        await host.StartAsync();

        one.StartActivity("first")?.Dispose();
        two.StartActivity("second")?.Dispose();
        var resource = host.Services.GetRequiredService<TracerProvider>().GetResource();
        await host.StopAsync();

        ended.Seen.ShouldBe(["first", "second"]);
        resource.Attributes.ShouldContain(new KeyValuePair<string, object>("service.name", "tested"));
    }

    [Test]
    public async Task metrics_are_collected_until_the_container_is_disposed()
    {
        using var meter = new Meter("hosting-test-5");
        var exporter = new LastMetrics();
        var host = Host(services => services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(meter.Name).AddReader(new BaseExportingMetricReader(exporter))));
        await host.StartAsync();

        meter.CreateCounter<long>("things").Add(3);
        await host.StopAsync();
        host.Dispose();

        exporter.Names.ShouldContain("things");
    }

    [Test]
    public async Task logs_reach_the_processors()
    {
        var ended = new Ended<LogRecord>(record => record.FormattedMessage ?? "");
        using var host = Host(services => services.AddOpenTelemetry().WithLogging(
            logging => logging.AddProcessor(ended), options => options.IncludeFormattedMessage = true));
        await host.StartAsync();

        host.Services.GetRequiredService<ILogger<Hosting>>().LogWarning("Lane {Lane} waits", 7);

        ended.Seen.ShouldContain("Lane 7 waits");
    }

    private static IHost Host(Action<IServiceCollection> configure)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        configure(builder.Services);
        return builder.Build();
    }

    private sealed class AtStart(Action act) : BackgroundService
    {
        public override Task StartAsync(CancellationToken cancellationToken)
        {
            act();
            return Task.CompletedTask;
        }

        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.CompletedTask;
    }

    private sealed class Ended<T>(Func<T, string> name) : BaseProcessor<T>
    {
        private readonly ConcurrentQueue<string> _seen = new();

        public IEnumerable<string> Seen => _seen;

        public override void OnEnd(T data) => _seen.Enqueue(name(data));
    }

    private sealed class LastMetrics : BaseExporter<Metric>
    {
        public ConcurrentBag<string> Names { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch) Names.Add(metric.Name);
            return ExportResult.Success;
        }
    }
}
