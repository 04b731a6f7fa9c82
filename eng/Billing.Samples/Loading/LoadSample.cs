using System.Globalization;
using Billing.Contracts;
using Billing.LocalTools;
using Billing.Samples.Feeding;
using Billing.Verify.Reading;

namespace Billing.Samples.Loading;

/// <summary>
/// What <c>./billing up</c> does once everything is healthy: on an empty database it loads catalog, tenants and
/// subscriptions, feeds the shipped requests, waits until they are counted through, and says what came of it.
/// </summary>
internal sealed class LoadSample(RunningInstallation running, Progress progress, TimeProvider time)
{
    private const string Reason = "Sample data";

    /// <exception cref="PreparationFailed">A service refuses or does not answer; started again, it goes on.</exception>
    public async Task Run(string? dashboard, CancellationToken cancellation)
    {
        await using var stores = new Stores(running);
        var note = SampleNote.Read(running.Data);
        if (note is null && !await IsEmpty(stores, cancellation))
            progress.Line("There is data already, so no sample data is loaded.");
        else if (note?.CompletedAt is { } at)
            progress.Line($"The sample usage was fed on {at:yyyy-MM-dd HH:mm} UTC; nothing is fed again.");
        else await Feed(note, stores, cancellation);

        await new Summary(running, stores, progress).Print(dashboard, time, cancellation);
    }

    private async Task Feed(SampleNote? interrupted, Stores stores, CancellationToken cancellation)
    {
        var requests = SampleUsage.Read();
        var tenants = SampleTenant.Read();
        var note = interrupted ?? Begin(requests);
        using (var services = new Services(running, time)) await LoadCatalog(services, tenants, note, cancellation);

        progress.Line(
            $"Feeding {Progress.Count(requests.Count)} real requests of 2023-11-16 to {Topics.RawUsage}, each moved by "
            + $"{Spell(note.Shift)}, so that the last one is at {note.StartedAt:yyyy-MM-dd HH:mm:ss} UTC.");
        using (var feed = new KafkaFeed(running.Kafka, running.IsKafkaEmbedded))
            await feed.Send(
                SampleUsage.Events(requests, tenants, note.Shift),
                sent => progress.Say($"{Progress.Count(sent)} of {Progress.Count(requests.Count)} requests sent"),
                cancellation);

        await CountedThrough(stores, requests.Count, cancellation);
        (note with { CompletedAt = time.GetUtcNow() }).Write(running.Data);
    }

    private SampleNote Begin(IReadOnlyList<SampleUsage.Request> requests)
    {
        var now = time.GetUtcNow();
        var shift = SampleUsage.Shift(requests, now);
        var note = new SampleNote(
            now, shift, requests.Min(request => request.At) + shift, requests.Count);
        note.Write(running.Data);
        return note;
    }

    private async Task LoadCatalog(
        Services services, IReadOnlyList<SampleTenant> tenants, SampleNote note, CancellationToken cancellation)
    {
        var taken = await services.ImportCatalog(Reason, cancellation);
        foreach (var tenant in tenants)
        {
            await services.AddTenant(tenant, Reason, $"sample-tenant-{tenant.Id}", cancellation);
            if (tenant.Plan is null) continue;

            await services.Post(
                Resources.Pricing, "/api/v1/subscriptions",
                new
                {
                    subscription = tenant.SubscriptionId,
                    tenant = tenant.Id,
                    tenant.Plan,
                    reason = Reason,
                    from = note.SubscribedFrom,
                    tenant.TimeZone,
                    tenant.Anchor,
                },
                $"sample-subscription-{tenant.Id}-{note.SubscribedFrom:yyyy-MM}", cancellation);
        }

        progress.Line(
            $"Loaded the sample catalog ({taken.GetProperty("meters").GetInt32()} meters, "
            + $"{taken.GetProperty("plans").GetInt32()} plans, {taken.GetProperty("prices").GetInt32()} prices new) and "
            + $"{tenants.Count} tenants, {tenants.Count(tenant => tenant.Plan is not null)} with a subscription.");
    }

    // Not by rest alone: what Ingestion has not read yet is nowhere under way.
    private async Task CountedThrough(Stores stores, int events, CancellationToken cancellation)
    {
        while (await Received(stores, cancellation) is var received && received < events)
        {
            progress.Say($"Ingestion has taken {Progress.Count(received)} of {Progress.Count(events)}");
            await Task.Delay(200, cancellation);
        }

        while (await FlowLook.Now(stores, cancellation) is { UnderWay.Count: > 0 } look)
        {
            progress.Say(
                $"Ingestion has taken all; {Progress.Count(look.UnderWayCount)} under way ({look.UnderWay[0]})");
            await Task.Delay(200, cancellation);
        }

        progress.Line($"Counted through, {Progress.Seconds(progress.Elapsed)} after the start.");
    }

    private static async Task<long> Received(Stores stores, CancellationToken cancellation) => (long)await stores.One<decimal>(
        Stores.Ingestion,
        """
        select coalesce(sum(c.received), 0) from usage_counts c join usage_sources s on s.id = c.source_id
        where s.name = $1
        """,
        cancellation, SampleUsage.Source);

    private static async Task<bool> IsEmpty(Stores stores, CancellationToken cancellation) =>
        !await stores.One<bool>(Stores.Pricing, "select exists (select from catalog_facts)", cancellation)
        && !await stores.One<bool>(
            Stores.Ingestion, "select exists (select from usage_counts where received > 0)", cancellation);

    private static string Spell(TimeSpan shift) =>
        string.Create(CultureInfo.InvariantCulture, $"{shift.Days:N0} days {shift:hh\\:mm\\:ss\\.ffffff}");
}
