using Billing.ServiceDefaults.UsagePath.Waiting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Reads all topics of the service in one thread of its own. Whatever it cannot deal with ends the
/// consumer and begins another one, which learns from the database where everything is.
/// </summary>
internal sealed partial class ReadingService(
    IEnumerable<ITopicWork> works, IConfiguration configuration, ServiceIdentity service, Inbox pokes,
    PathWatch watch, TimeProvider time, ILogger<ReadingService> logger) : BackgroundService
{
    private readonly IReadOnlyList<ITopicWork> _works = [.. works];
    private readonly CancellationTokenSource _hard = new();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _works.Count == 0
        ? Task.CompletedTask
        : Task.Factory.StartNew(
            () => Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await using var enough = cancellationToken.Register(_hard.Cancel);
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _hard.Dispose();
        base.Dispose();
    }

    private void Run(CancellationToken stopping)
    {
        var pause = new Pause(time);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                RunOne(stopping);
                pause.Reset();
            }
            catch (Exception trouble) when (!_hard.IsCancellationRequested)
            {
                BeginsAgain(trouble);
                pause.Wait(stopping).GetAwaiter().GetResult();
            }
        }
    }

    private void RunOne(CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var stop = new StopTokens(ending.Token, _hard.Token);
        var intakes = _works.ToDictionary(work => work.Topic, work => new TopicIntake(work, time));
        using var consumer = new PathConsumer(configuration, service, intakes, time, logger, stop);
        var loop = new ReadLoop(consumer, intakes, pokes, watch, time, logger, stop);
        try
        {
            loop.Run();
        }
        finally
        {
            ending.Cancel();
            loop.End();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Reading begins again")]
    private partial void BeginsAgain(Exception trouble);
}
