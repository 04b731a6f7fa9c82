using Billing.ServiceDefaults.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>Runs the relay, and ends it in order: publish, hear, mark, give the leases back.</summary>
internal sealed partial class RelayService(
    RelayedTopics topics, ServiceDatabase database, RelayState state, RelayPump pump,
    RelayPublisher publisher, RelayKeeper keeper, RelayLeases leases, ReplayRequests requests, Signal news,
    TimeProvider time, ILogger<RelayService> logger) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(1);

    // What is committed in between goes out together: a fact alone costs us and the broker a request.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(40);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var generation = await Generation(stoppingToken);
        lock (state.Gate)
        {
            pump.Messages = new(generation);
            foreach (var topic in topics.Names) state.Topics.Add(topic, new(topic));
        }

        publisher.RoomAgain = news.Set;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        List<Task> loops =
        [
            Task.Run(() => Pump(ending.Token), CancellationToken.None),
            Task.Run(() => keeper.Keep(generation, ending.Token), CancellationToken.None),
            requests.Read(generation, ending.Token),
        ];
        // One alone would look alive and do half of the work.
        var first = await Task.WhenAny(loops);
        await ending.CancelAsync();
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (pump.Messages is null || ExecuteTask is { IsFaulted: true }) return;

        try
        {
            // No time left to wait for it, and two at once must not publish.
            if (ExecuteTask is { IsCompleted: false })
                throw new OperationCanceledException(cancellationToken);

            do
            {
                pump.Advance();
                await Task.Delay(Beat, time, cancellationToken);
            }
            while (!publisher.IsIdle);

            pump.Advance();
            await keeper.Mark(cancellationToken);
            await leases.Release(cancellationToken);
        }
        catch (Exception unfinished) when (unfinished is OperationCanceledException or NpgsqlException)
        {
            Unfinished(unfinished.GetType().Name);
        }
    }

    private async Task Pump(CancellationToken cancellation)
    {
        while (await news.Wait(cancellation))
        {
            pump.Advance();
            await Task.Delay(Gathering, time, cancellation);
        }
    }

    private async Task<string> Generation(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return (await Installation.Read(database.Writer, cancellation)).Generation;
            }
            catch (NpgsqlException away)
            {
                Waits(away.Message);
                await Task.Delay(AfterTrouble, time, cancellation);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The relay waits for its store: {Reason}")]
    private partial void Waits(string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The relay did not end in time ({Kind}); what is left is published after the next start")]
    private partial void Unfinished(string kind);
}

/// <summary>The topics that this service writes with numbers.</summary>
internal sealed record RelayedTopics(IReadOnlyList<string> Names);

public static class RelayRegistration
{
    private const int MostFacts = 50_000, MostUnderWay = 20_000;
    private const long MostBytes = 64 * 1024 * 1024, MostBytesUnderWay = 16 * 1024 * 1024;

    /// <summary>
    /// <see cref="IRelay"/> and what runs it. Before whatever reads or takes requests: hosted services stop
    /// in the opposite order, and the last thing that is committed should still go out.
    /// </summary>
    public static IServiceCollection AddRelay(
        this IServiceCollection services, IReadOnlyList<string> topics)
    {
        services
            .AddSingleton(new RelayedTopics(topics))
            .AddSingleton(new RelayMemory(MostFacts, MostBytes))
            .AddSingleton(provider => new RelayPublisher(
                provider.GetRequiredService<Kafka.KafkaConnection>(), MostUnderWay, MostBytesUnderWay))
            .AddSingleton<Signal>().AddSingleton<RelayState>().AddSingleton<RelayStore>()
            .AddSingleton<Relay>().AddSingleton<IRelay>(provider => provider.GetRequiredService<Relay>())
            .AddSingleton<RelayTrouble>().AddSingleton<RelayPump>().AddSingleton<RelayPages>()
            .AddSingleton<RelayLeases>().AddSingleton<Tides>().AddSingleton<RelayKeeper>()
            .AddSingleton<ReplayDesk>().AddSingleton<ReplayRequests>();

        // A service that only reads has nothing to relay.
        return topics.Count > 0 ? services.AddHostedService<RelayService>() : services;
    }
}
