using System.Diagnostics;
using System.Globalization;
using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath;
using Marten;
using Marten.Services;

namespace Billing.LedgerHost;

/// <summary>
/// Ends the process by SIGKILL when a point is reached for the n-th time: <c>LEDGER_DIES_AT</c> is the point
/// and the pass, as <c>EventsAppended 2</c>. Points are the steps of the usage path, and those below.
/// </summary>
public sealed class Death(string at, int pass) : DocumentSessionListenerBase, IStepWatch
{
    public const string Variable = "LEDGER_DIES_AT";

    /// <summary>Rows and guards are written, no event is.</summary>
    public const string EventsDecided = nameof(EventsDecided);

    /// <summary>Events are in, with everything else, and not committed.</summary>
    public const string EventsAppended = nameof(EventsAppended);

    /// <summary>Committed, and nobody knows yet.</summary>
    public const string EventsCommitted = nameof(EventsCommitted);

    /// <summary>Entries have their numbers, and the page is not committed.</summary>
    public const string PageNumbered = nameof(PageNumbered);

    /// <summary>The page is committed, and nothing published.</summary>
    public const string PageCommitted = nameof(PageCommitted);

    private int _passes;

    public static Death? FromEnvironment() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } where && where.Split(' ') is [var at, var pass]
            ? new(at, int.Parse(pass, CultureInfo.InvariantCulture))
            : null;

    public void Reached(Step step, string topic)
    {
        // The catalog comes first and is small; what counts is what costs money.
        if (topic is Topics.Ratings or Topics.Entries) At(step.ToString());
    }

    public override Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token) =>
        At(EventsDecided);

    public override Task BeforeCommitAsync(
        IDocumentSession session, IChangeSet commit, CancellationToken token) =>
        commit.GetEvents().Any() ? At(EventsAppended) : Task.CompletedTask;

    public override Task AfterCommitAsync(
        IDocumentSession session, IChangeSet commit, CancellationToken token) =>
        commit.GetEvents().Any() ? At(EventsCommitted) : Task.CompletedTask;

    private Task At(string point)
    {
        if (point != at || Interlocked.Increment(ref _passes) != pass) return Task.CompletedTask;

        Process.GetCurrentProcess().Kill();
        // Nothing after this point happens, even if the signal takes its time.
        Thread.Sleep(Timeout.Infinite);
        return Task.CompletedTask;
    }

    /// <summary>Around the pages of the subscription.</summary>
    public sealed class OfPages(Death death) : IChangeListener
    {
        public Task BeforeCommitAsync(
            IDocumentSession session, IChangeSet commit, CancellationToken token) => death.At(PageNumbered);

        public Task AfterCommitAsync(
            IDocumentSession session, IChangeSet commit, CancellationToken token) => death.At(PageCommitted);
    }
}
