namespace Billing.Ledger;

/// <summary>Looks once a second, by the service's clock, whether there is something to do.</summary>
public abstract class EverySecond(TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected TimeProvider Time => time;

    /// <summary>Once; answers how many were done.</summary>
    public abstract Task<int> Sweep(CancellationToken cancellation);

    /// <summary>A look has failed; the next one is a second away.</summary>
    protected abstract void Later(Exception trouble);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            try
            {
                await Sweep(stoppingToken);
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                Later(trouble);
            }
    }
}
