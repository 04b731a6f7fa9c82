using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.Kafka;

/// <summary>
/// Each process says once on Kafka that it has started, when it has; it tries until the broker has it.
/// </summary>
public sealed partial class AnnounceStart(
    KafkaConnection kafka, ServiceIdentity service, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<AnnounceStart> logger) : BackgroundService
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var onStart = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);

        while (!await Announce(stoppingToken))
            await Task.Delay(BetweenTries, time, stoppingToken);
    }

    private async Task<bool> Announce(CancellationToken cancellationToken)
    {
        var fact = new ServiceStartedV1(
            service.Name, service.Instance, service.Product.Version, service.StartedAt);
        var headers = new Headers
        {
            { FactHeaders.WireName, Encoding.UTF8.GetBytes(WireNames.Of(typeof(ServiceStartedV1))) },
        };
        using var span = KafkaTrace.Send(Topics.Services, headers);
        try
        {
            await kafka.Producer.ProduceAsync(Topics.Services, new Message<byte[], byte[]>
            {
                Key = Encoding.UTF8.GetBytes(service.Name),
                Value = JsonSerializer.SerializeToUtf8Bytes(fact, ContractsJson.Options),
                Headers = headers,
            }, cancellationToken);
            Announced(service.Instance);
            return true;
        }
        catch (KafkaException exception)
        {
            span?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, exception.Error.Code.ToString());
            NotAnnounced(exception.Error.Code);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Announced the start of instance {Instance}")]
    private partial void Announced(string instance);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Kafka did not take the announcement of the start: {Code}")]
    private partial void NotAnnounced(ErrorCode code);
}
