using System.Diagnostics;
using Billing.LocalTools;
using Billing.Verify.Invariants;
using Billing.Verify.Reading;
using Npgsql;

namespace Billing.Verify;

/// <summary>All invariants that apply, on a running system, while nothing is under way.</summary>
internal static class Verification
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <param name="wait">Says what is waited for.</param>
    /// <exception cref="PreparationFailed">It does not come to rest, or a database does not answer.</exception>
    public static async Task<IReadOnlyList<Finding>> Run(
        RunningInstallation running, Action<string> wait, CancellationToken cancellation)
    {
        await using var stores = new Stores(running);
        try
        {
            var clock = Stopwatch.StartNew();
            while (true)
            {
                var before = await AtRest(stores, clock, wait, cancellation);
                var evidence = await Evidence.Read(stores, cancellation);
                var findings = await Check(stores, evidence, cancellation);
                if ((await FlowLook.Now(stores, cancellation)).Sent == before.Sent) return findings;

                if (clock.Elapsed > Patience)
                    throw new PreparationFailed("usage keeps coming: verify again when it has been counted through.");
            }
        }
        catch (NpgsqlException refused)
        {
            throw new PreparationFailed($"a database of the stack does not answer as it should: {refused.Message}.", refused);
        }
    }

    /// <summary>Waits until nothing is under way.</summary>
    public static async Task<FlowLook> AtRest(
        Stores stores, Stopwatch clock, Action<string> wait, CancellationToken cancellation)
    {
        while (true)
        {
            var look = await FlowLook.Now(stores, cancellation);
            if (look.UnderWay.Count == 0) return look;

            if (clock.Elapsed > Patience)
                throw new PreparationFailed($"it does not come to rest: {string.Join(", ", look.UnderWay)}.");
            wait(string.Join(", ", look.UnderWay));
            await Task.Delay(Pause, cancellation);
        }
    }

    private static async Task<IReadOnlyList<Finding>> Check(
        Stores stores, Evidence evidence, CancellationToken cancellation) =>
    [
        await Books.Postings(stores, cancellation),
        Money.Check(evidence),
        await States.Check(stores, evidence, cancellation),
        await Books.Balances(stores, evidence, cancellation),
        await Streams.Check(stores, evidence, cancellation),
        await Books.ReadModels(stores, evidence, cancellation),
        await Counts.Check(stores, cancellation),
        await Isolation.Check(stores, cancellation),
    ];
}
