using System.Text;
using Billing.Ledger.Events;
using Billing.Ledger.Projections;
using JasperFx.Events;

namespace Billing.Ledger.Tests.Projections;

/// <summary>A page of what was just committed is whole, or it is none.</summary>
public class FreshEventsTests
{
    [Test]
    public void a_page_without_a_hole_is_given_once()
    {
        var fresh = New();
        fresh.Add(Committed(5, 6, 7, 8));

        var page = fresh.Take(4, 7, 10).ShouldNotBeNull();
        (page.Floor, page.Ceiling).ShouldBe((4, 7));
        page.Events.Select(happened => happened.Position).ShouldBe([5, 6, 7]);
        fresh.Take(4, 7, 10).ShouldBeNull();
        fresh.Take(7, 8, 10)!.Events.ShouldHaveSingleItem().Position.ShouldBe(8);
    }

    [Test]
    public void a_page_is_no_longer_than_asked()
    {
        var fresh = New();
        fresh.Add(Committed(1, 2, 3));

        fresh.Take(0, 3, 2)!.Ceiling.ShouldBe(2);
        fresh.Take(2, 3, 2)!.Ceiling.ShouldBe(3);
    }

    [Test]
    public void where_something_is_missing_the_store_is_read([Values(1, 2, 3)] int missing)
    {
        var fresh = New();
        fresh.Add(Committed([.. Enumerable.Range(1, 3).Where(n => n != missing).Select(n => (long)n)]));

        fresh.Take(0, 3, 10).ShouldBeNull();
    }

    [Test]
    public void what_is_long_past_gives_way()
    {
        var fresh = New();
        fresh.Add(Committed(1, 1 + (1 << 15)));

        fresh.Take(0, 1, 10).ShouldBeNull();
        fresh.Take(1L << 15, 1 + (1 << 15), 10).ShouldNotBeNull();
    }

    [Test]
    public void nothing_is_kept_while_nobody_reads()
    {
        var fresh = new FreshEvents();
        fresh.Add(Committed(1));

        fresh.Take(0, 1, 10).ShouldBeNull();
    }

    [Test]
    public void each_is_as_the_store_would_give_it_back()
    {
        var elsewhere = TimeSpan.FromHours(2);
        var abroad = Given.Posted with
        {
            Origin = Given.Posted.Origin with { EffectiveAt = Given.Now.ToOffset(elsewhere) },
        };
        foreach (var happened in Samples.All.Append(abroad))
        {
            var fresh = New();
            var stored = Event.For(happened);
            stored.Sequence = 1;
            fresh.Add([stored]);

            var taken = fresh.Take(0, 1, 10)!.Events.Single().Event;
            Text(taken).ShouldBe(Text(happened));
            taken.GetType().ShouldBe(happened.GetType());
            taken.Origin.EffectiveAt.Offset.ShouldBe(TimeSpan.Zero);
        }

        static string Text(LedgerEvent happened) => Encoding.UTF8.GetString(StoredJson.Write(happened));
    }

    private static FreshEvents New() => new() { IsRead = true };

    private static List<IEvent> Committed(params long[] positions) =>
    [
        .. positions.Select(position =>
        {
            var stored = Event.For<LedgerEvent>(Given.Posted);
            stored.Sequence = position;
            return stored;
        }),
    ];
}
