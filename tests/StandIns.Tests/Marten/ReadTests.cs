using System.Text.Json;
using Billing.Testbed;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Aggregation;
using Marten.Exceptions;
using Marten.Services.Json.Transformations;
using Marten.Services.Json.Transformations.SystemTextJson;
using Weasel.Core;
using SystemTextJson = Marten.Services.Json.Transformations.SystemTextJson;

namespace Billing.StandIns.Tests.Marten;

public class ReadTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task a_stream_is_read_up_to_a_version_from_a_version_and_up_to_a_time()
    {
        var time = new VirtualTime(Start);
        using var store = Stores.New(options => options.Events.TimeProvider = time);
        for (var n = 1; n <= 5; n++)
        {
            await store.Append("s", new Counted(n));
            time.Advance(TimeSpan.FromHours(1));
        }

        await using var session = store.QuerySession();
        async Task<long[]> Versions(long version = 0, DateTimeOffset? until = null, long from = 0) =>
            [.. (await session.Events.FetchStreamAsync("s", version, until, from)).Select(e => e.Version)];

        (await Versions()).ShouldBe([1, 2, 3, 4, 5]);
        (await Versions(version: 3)).ShouldBe([1, 2, 3]);
        (await Versions(from: 4)).ShouldBe([4, 5]);
        (await Versions(version: 4, from: 2)).ShouldBe([2, 3, 4]);
        (await Versions(until: Start.AddHours(2))).ShouldBe([1, 2, 3]);
        (await session.Events.FetchStreamAsync("none")).ShouldBeEmpty();
        (await session.Events.AggregateStreamAsync<Counter>("s"))!.Total.ShouldBe(15);
        (await session.Events.AggregateStreamAsync<Counter>("s", version: 2))!.Total.ShouldBe(3);
        (await session.Events.AggregateStreamAsync<Counter>("s", timestamp: Start.AddHours(3)))!
            .Total.ShouldBe(10);
        var known = new Counter { Id = "s", Total = 100 };
        (await session.Events.AggregateStreamAsync("s", state: known, fromVersion: 5))!.Total.ShouldBe(105);
        (await session.Events.AggregateStreamAsync<Counter>("none")).ShouldBeNull();
    }

    [Test]
    public async Task an_aggregate_takes_events_by_its_own_methods()
    {
        using var store = Stores.New();
        await store.Append("s", new Counted(1), new Renamed("x"), new Counted(2));
        await using var session = store.QuerySession();

        var made = (await session.Events.AggregateStreamAsync<Counter>("s"))!;
        (made.Id, made.Total, made.Name).ShouldBe(("s", 3, "x@2"));
        (await session.Events.AggregateStreamAsync<Immutable>("s")).ShouldBe(new Immutable(2, "x"));
    }

    [Test]
    public async Task a_registered_projection_says_how_a_stream_adds_up()
    {
        using var store = Stores.New(
            options => options.Projections.Add<Doubled>(ProjectionLifecycle.Live));
        await store.Append("s", new Counted(1), new Counted(2));
        await using var session = store.QuerySession();

        (await session.Events.AggregateStreamAsync<Counter>("s"))!.Total.ShouldBe(6);
        await store.Append("s", new Renamed("end"));
        (await session.Events.AggregateStreamAsync<Counter>("s")).ShouldBeNull();
    }

    [Test]
    public async Task a_stream_s_state_is_known_without_its_events()
    {
        var time = new VirtualTime(Start);
        using var store = Stores.New(options => options.Events.TimeProvider = time);
        await using var session = store.LightweightSession();
        session.Events.StartStream<Counter>("s", new Counted(1), new Counted(2));
        await session.SaveChangesAsync();

        var state = (await session.Events.FetchStreamStateAsync("s"))!;
        (state.Key, state.Version, state.AggregateType, state.LastTimestamp)
            .ShouldBe(("s", 2, typeof(Counter), Start));
        (await session.Events.FetchStreamStateAsync("none")).ShouldBeNull();
    }

    [Test]
    public async Task old_json_is_read_as_today_s_type()
    {
        var schema = Stores.NewSchema();
        using (var old = Stores.New(options => options.Events.MapEventType<CountedOnce>("counted_once"),
            schema))
            await old.Append("s", new CountedOnce(7));

        Action<StoreOptions>[] ways =
        [
            options => options.Events.Upcast<CountedOnce,
                CountedNow>("counted_once", e => new(e.N, "lambda")),
            options => options.Events.Upcast<CountedOnce, CountedNow>(e => new(e.N, "lambda")),
            options => options.Events.Upcast<TypedUpcaster>(),
            options => options.Events.Upcast(new RawUpcaster()),
            options => options.Events.Upcast<CountedNow>(
                "counted_once",
                JsonTransformations.Upcast(json =>
                    new CountedNow(json.RootElement.GetProperty("N").GetInt32(), "raw"))),
        ];
        foreach (var way in ways)
        {
            using var now = Stores.New(
                options =>
                {
                    options.Events.MapEventType<CountedNow>("counted_now");
                    way(options);
                },
                schema);
            var e = (await now.Events("s"))[0];
            e.ShouldBeAssignableTo<IEvent<CountedNow>>()!.Data.N.ShouldBe(7);
            e.EventTypeName.ShouldBe("counted_once");
            var written = await now.Append("new", new CountedNow(1, "new"));
            written.Events[0].EventTypeName.ShouldBe("counted_now");
            (await now.Events("new"))[^1].Data.ShouldBe(new CountedNow(1, "new"));
        }
    }

    [Test]
    public async Task an_unknown_type_is_not_passed_over()
    {
        using var store = Stores.New();
        await store.Append("s", new Counted(1), new Renamed("x"));
        await Stores.Do($"update {store.Schema()}.mt_events set type = 'vanished', mt_dotnet_type = 'V, V'"
            + " where version = 2");

        var failure = await Should.ThrowAsync<UnknownEventTypeException>(() => store.Events("s"));
        (failure.EventTypeName, failure.Sequence).ShouldBe(("vanished", 2));
    }

    [Test]
    public async Task a_type_that_nobody_named_is_found_by_its_assembly_and_named_in_snake_case()
    {
        var schema = Stores.NewSchema();
        using (var writer = Stores.New(schema: schema)) await writer.Append("s", new NobodyNamedHTTPThis(1));
        using var reader = Stores.New(schema: schema);

        var e = (await reader.Events("s"))[0];
        (e.Data, e.EventTypeName).ShouldBe((new NobodyNamedHTTPThis(1), "nobody_named_http_this"));
    }

    [Test]
    public void two_types_under_one_derived_name_are_refused()
    {
        using var store = Stores.New();
        store.Parts.Options.Events.AddEventType<NobodyNamedHTTPThis>();

        Should.Throw<InvalidOperationException>(
            () => store.Parts.Options.Events.AddEventType<Elsewhere.NobodyNamedHTTPThis>());
    }

    [Test]
    public async Task documents_are_kept_by_id()
    {
        using var store = Stores.New(options => options.UseSystemTextJsonForSerialization(
            EnumStorage.AsString, Casing.CamelCase));
        await using var session = store.LightweightSession();
        var note = new Note { Text = "made" };
        session.Store(new Counter { Id = "a", Total = 1 }, new Counter { Id = "b", Total = 2 });
        session.Store(note);
        await session.SaveChangesAsync();
        session.Store(new Counter { Id = "a", Total = 10 });
        session.Delete<Counter>("b");
        await session.SaveChangesAsync();

        (await session.LoadAsync<Counter>("a"))!.Total.ShouldBe(10);
        (await session.LoadAsync<Counter>("b")).ShouldBeNull();
        (await session.LoadManyAsync<Counter>("a", "b", "c")).Count.ShouldBe(1);
        note.Id.ShouldNotBe(Guid.Empty);
        (await session.LoadAsync<Note>(note.Id))!.Text.ShouldBe("made");
        (await Stores.Ask<string>($"select data ->> 'kind' from {store.Schema()}.mt_doc_readtests_note"))
            .ShouldBe("Plain");
        session.Delete(note);
        await session.SaveChangesAsync();
        (await session.LoadAsync<Note>(note.Id)).ShouldBeNull();
        Should.Throw<InvalidOperationException>(() => session.Store(new Counter()));
    }

    [Test]
    public async Task decimals_are_read_as_they_were_written()
    {
        using var store = Stores.New();
        var exact = 12_345_678_901_234_567_890.123456789012m;
        await store.Append("s", new Exact(exact, "1.10"));

        (await store.Events("s"))[0].Data.ShouldBe(new Exact(exact, "1.10"));
    }

    [Test]
    public void guid_streams_are_refused_at_once() => Should.Throw<InvalidOperationException>(
        () => Stores.New(options => options.Events.StreamIdentity = StreamIdentity.AsGuid));

    public enum Kind
    {
        Plain,
    }

    public sealed record Exact(decimal Amount, string Text);

    public sealed record CountedOnce(int N);

    public sealed record CountedNow(int N, string How);

    public sealed record NobodyNamedHTTPThis(int N);

    public sealed class Note
    {
        public Guid Id { get; set; }
        public string Text { get; set; } = "";
        public Kind Kind { get; set; }
    }

    public sealed record Immutable(int Events, string? Name)
    {
        public static Immutable Create(Counted counted) => new(counted.Amount, null);

        public Immutable Apply(Renamed renamed) => this with { Name = renamed.Name };

        public static Immutable Apply(IEvent<Counted> counted, Immutable state) =>
            state with { Events = counted.Data.Amount };
    }

    public sealed class Doubled : SingleStreamProjection<Counter, string>
    {
        public override Counter? Evolve(Counter? snapshot, string id, IEvent e)
        {
            snapshot ??= new();
            if (e.Data is Renamed) return null;

            snapshot.Total += 2 * ((Counted)e.Data).Amount;
            return snapshot;
        }
    }

    public static class Elsewhere
    {
        public sealed record NobodyNamedHTTPThis(int N);
    }

    private sealed class TypedUpcaster : EventUpcaster<CountedOnce, CountedNow>
    {
        protected override CountedNow Upcast(CountedOnce oldEvent) => new(oldEvent.N, "typed");
    }

    private sealed class RawUpcaster : SystemTextJson.EventUpcaster<CountedNow>
    {
        public override string EventTypeName => "counted_once";

        protected override CountedNow Upcast(JsonDocument oldEvent) =>
            new(oldEvent.RootElement.GetProperty("N").GetInt32(), "raw");
    }
}
