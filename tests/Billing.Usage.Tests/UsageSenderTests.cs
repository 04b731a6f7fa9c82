using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Billing.Testbed;
using Microsoft.AspNetCore.Http;

namespace Billing.Usage.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class UsageSenderTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, UsageVerdict> _verdicts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<UsageVerdict> _secondVerdicts = new();
    private readonly ConcurrentQueue<UsageTrouble> _troubles = new();
    private TroubledService _service = null!;

    [SetUp]
    public async Task Start() => _service = await TroubledService.Start();

    [TearDown]
    public async Task Stop()
    {
        await _service.DisposeAsync();
        _secondVerdicts.ShouldBeEmpty("each event has one verdict");
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Test]
    public async Task what_is_emitted_arrives_as_a_cloud_event()
    {
        await using var usage = Sender();
        var at = new DateTimeOffset(2026, 3, 14, 1, 59, 26, TimeSpan.FromHours(2));

        var emitted = usage.Emit(new("api.request", "acme",
            ("seconds", 0.10m), ("bytes", 12_345_678_901_234L), ("region", "eu-\"west\""))
        { Time = at });
        await Flushed(usage);

        emitted.IsTaken.ShouldBeTrue();
        var arrived = JsonSerializer.Deserialize<JsonElement>(_service.Kept[emitted.Id]);
        arrived.GetProperty("specversion").GetString().ShouldBe("1.0");
        arrived.GetProperty("source").GetString().ShouldBe("/tests");
        arrived.GetProperty("type").GetString().ShouldBe("api.request");
        arrived.GetProperty("subject").GetString().ShouldBe("acme");
        arrived.GetProperty("time").GetString().ShouldBe("2026-03-13T23:59:26.0000000Z");
        arrived.GetProperty("data").GetRawText()
            .ShouldBe("""{"seconds":0.10,"bytes":12345678901234,"region":"eu-\"west\""}""");
        arrived.TryGetProperty("sequence", out _).ShouldBeFalse();
        Guid.Parse(emitted.Id).Version.ShouldBe(7);
        _service.Keys.ShouldBe(["ApiKey bk_test"]);
        _verdicts[emitted.Id].ShouldBe(new("/tests", emitted.Id, null, Verdict.Accepted));
    }

    [Test]
    public async Task a_hundred_thousand_events_arrive_once_each_through_all_kinds_of_trouble()
    {
        Spoil(rounds: 12);
        await using var usage = Sender(most: 200_000);

        var ids = new ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (var one = 0; one < 12_500; one++)
                ids.Add(usage.Emit(new("t", $"tenant-{thread}", ("n", one))).Id);
        })));
        await Flushed(usage);

        ids.Distinct().Count().ShouldBe(100_000);
        _service.Kept.Count.ShouldBe(100_000);
        _service.Kept.Keys.ToHashSet().SetEquals(ids).ShouldBeTrue();
        _verdicts.Count.ShouldBe(100_000);
        _verdicts.Values.ShouldAllBe(one =>
            one.Verdict == Verdict.Accepted || one.Verdict == Verdict.Duplicate);
        _verdicts.Values.Count(one => one.Verdict == Verdict.Duplicate).ShouldBeGreaterThan(0);
        _troubles.Count.ShouldBeGreaterThanOrEqualTo(12 * 8);
        usage.Waiting.ShouldBe(0);
    }

    [TestCase(401)]
    [TestCase(403)]
    [TestCase(404)]
    [TestCase(408)]
    [TestCase(429)]
    [TestCase(500)]
    [TestCase(503)]
    public async Task a_status_that_may_pass_is_tried_again(int status)
    {
        _service.ThenStatus(status).ThenStatus(status);
        await using var usage = Sender();

        var emitted = usage.Emit(Some());
        await Flushed(usage);

        _verdicts[emitted.Id].Verdict.ShouldBe(Verdict.Accepted);
        _troubles.Select(trouble => (trouble.Status, trouble.Tries)).ShouldBe([(status, 1), (status, 2)]);
    }

    [Test]
    public async Task an_answer_that_was_lost_on_its_way_makes_duplicates_and_no_doubles()
    {
        _service.ThenAbort(takesFirst: true);
        await using var usage = Sender();

        var ids = Enumerable.Range(0, 100).Select(_ => usage.Emit(Some()).Id).ToList();
        await Flushed(usage);

        _service.Kept.Count.ShouldBe(100);
        ids.Select(id => _verdicts[id].Verdict).ShouldContain(Verdict.Duplicate);
        ids.ShouldAllBe(id => _verdicts[id].Verdict == Verdict.Duplicate
            || _verdicts[id].Verdict == Verdict.Accepted);
    }

    [Test]
    public async Task a_call_that_hangs_is_given_up_and_made_again()
    {
        _service.Then(async (context, _) => await Task.Delay(Timeout.Infinite, context.RequestAborted)
            .ContinueWith(_ => { }, TaskScheduler.Default));
        await using var usage = Sender(call: TimeSpan.FromMilliseconds(500));

        var emitted = usage.Emit(Some());
        await Flushed(usage);

        // On a busy machine the second call may take too long as well.
        _verdicts[emitted.Id].Verdict.ShouldBeOneOf(Verdict.Accepted, Verdict.Duplicate);
        _troubles.First().Exception.ShouldNotBeNull();
    }

    [Test]
    public async Task the_service_says_how_long_to_wait()
    {
        _service.ThenStatus(429, retryAfter: "1");
        await using var usage = Sender();
        var clock = Stopwatch.StartNew();

        usage.Emit(Some());
        await Flushed(usage);

        clock.Elapsed.ShouldBeGreaterThan(TimeSpan.FromMilliseconds(950)); // pauses are 1 ms otherwise
    }

    [TestCase("")]
    [TestCase("<html>a proxy says hello</html>")]
    [TestCase("""{"items":[]}""")]
    [TestCase("""{"items":[{"id":"another","verdict":"accepted"}]}""")]
    [TestCase("""{"items":[{"id":"one","verdict":"dropped"}]}""")]
    [TestCase("""{"items":[{"id":"one"}]}""")]
    [TestCase("[1,2,3]")]
    public async Task an_answer_that_does_not_fit_is_no_answer(string body)
    {
        _service.Then(async (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            await context.Response.WriteAsync(body);
        });
        await using var usage = Sender();

        usage.Emit(Some("one"));
        await Flushed(usage);

        _verdicts["one"].Verdict.ShouldBe(Verdict.Accepted);
        _service.Calls.ShouldBe(2);
    }

    [Test]
    public async Task verdicts_come_with_their_reasons()
    {
        _service.Judges = usage => usage.GetProperty("id").GetString() switch
        {
            "u" => ("unmatched", "no such meter"),
            "c" => ("conflict", "other content"),
            _ => ("rejected", "too old"),
        };
        await using var usage = Sender(wait: Patience); // one call, however slowly they are emitted

        foreach (var id in (string[])["u", "c", "r"]) usage.Emit(Some(id));
        await Flushed(usage);

        _verdicts["u"].ShouldBe(new("/tests", "u", null, Verdict.Unmatched, "no such meter", "no such meter"));
        _verdicts["c"].ShouldBe(new("/tests", "c", null, Verdict.Conflict, "other content", "other content"));
        _verdicts["r"].ShouldBe(new("/tests", "r", null, Verdict.Rejected, "too old", "too old"));
        _service.Calls.ShouldBe(1);
    }

    [TestCase(400)]
    [TestCase(413)]
    [TestCase(422)]
    public async Task one_culprit_does_not_take_its_batch_along(int status)
    {
        _service.Refuses = usage => usage.GetProperty("id").GetString() == "42" ? status : null;
        await using var usage = Sender(wait: TimeSpan.FromMilliseconds(200));

        for (var one = 0; one < 100; one++) usage.Emit(Some(one.ToString(CultureInfo.InvariantCulture)));
        await Flushed(usage);

        _verdicts["42"].Verdict.ShouldBe(Verdict.Rejected);
        _verdicts["42"].Reason.ShouldBe($"HTTP {status}: This call has a culprit.");
        _verdicts.Values.Count(one => one.Verdict == Verdict.Accepted).ShouldBe(99);
    }

    [Test]
    public async Task batches_keep_to_their_sizes()
    {
        await using var usage = new UsageSender(new()
        {
            Address = _service.Address,
            ApiKey = () => "bk_test",
            Source = "/tests",
            BatchEvents = 10,
            BatchBytes = UsageEvent.LargestBytes,
            BatchWait = TimeSpan.FromSeconds(20),
        });

        for (var one = 0; one < 25; one++) usage.Emit(Some());
        for (var one = 0; one < 3; one++) usage.Emit(new("t", "acme", ("text", new string('x', 40_000))));
        await Flushed(usage);

        _service.Kept.Count.ShouldBe(28);
        _service.BatchSizes.Sum().ShouldBe(28);
        _service.BatchSizes.Max().ShouldBe(10);
        _service.BatchSizes.Count(size => size <= 6).ShouldBeGreaterThanOrEqualTo(3); // a call has room for a big one
    }

    [Test]
    public async Task a_batch_that_is_not_full_goes_after_a_moment()
    {
        await using var usage = Sender(wait: TimeSpan.FromMilliseconds(50));

        var emitted = usage.Emit(Some());

        await Eventually.Is(() => _verdicts.ContainsKey(emitted.Id));
    }

    [Test]
    public async Task when_memory_is_full_the_newest_is_dropped_and_said_so()
    {
        HoldCalls();
        await using var usage = Sender(most: 5, first: 7);

        var emitted = Enumerable.Range(0, 8).Select(_ => usage.Emit(Some())).ToList();

        emitted.Select(one => one.IsTaken).ShouldBe([true, true, true, true, true, false, false, false]);
        usage.Waiting.ShouldBe(5);
        _verdicts[emitted[5].Id].ShouldBe(new("/tests", emitted[5].Id, 12, Verdict.Dropped, null,
            "No room was left in the sender's memory."));
        _service.Gate.SetResult();
        await Flushed(usage);
        usage.Emit(Some()).IsTaken.ShouldBeTrue();
        await Flushed(usage);
        Sequences().ShouldBe([7, 8, 9, 10, 11, 15]); // the gap shows what was dropped
        usage.LastSequence.ShouldBe(15);
    }

    [Test]
    public async Task when_memory_is_full_the_caller_may_be_told_by_an_exception()
    {
        HoldCalls();
        await using var usage = Sender(most: 2, full: WhenFull.Throw, first: 1);

        usage.Emit(Some());
        usage.Emit(Some());
        Should.Throw<UsageBufferFullException>(() => usage.Emit(Some()));
        _service.Gate.SetResult();
        await Flushed(usage);
        usage.Emit(Some());
        await Flushed(usage);

        Sequences().ShouldBe([1, 2, 3]);
    }

    [Test]
    public async Task when_memory_is_full_the_caller_may_wait_its_turn()
    {
        HoldCalls();
        await using var usage = Sender(most: 2, first: 1);
        using var stop = new CancellationTokenSource();
        usage.Emit(Some());
        usage.Emit(Some());

        var third = usage.EmitWhenRoom(Some("third")).AsTask();
        var canceled = usage.EmitWhenRoom(Some("canceled"), stop.Token).AsTask();
        var fourth = usage.EmitWhenRoom(Some("fourth")).AsTask();
        third.IsCompleted.ShouldBeFalse();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(canceled);
        usage.Emit(Some("late")).IsTaken.ShouldBeFalse(); // does not push in
        _service.Gate.SetResult();

        (await third.WaitAsync(Patience)).ShouldBe(new("third", true));
        (await fourth.WaitAsync(Patience)).ShouldBe(new("fourth", true));
        await Flushed(usage);
        _service.Kept.Keys.ShouldNotContain("canceled");
        _service.Kept.Count.ShouldBe(4);
    }

    [Test]
    public async Task bytes_are_bounded_as_well()
    {
        HoldCalls();
        await using var usage = Sender(bytes: 100_000);

        var taken = Enumerable.Range(0, 5)
            .Select(_ => usage.Emit(new("t", "acme", ("text", new string('x', 30_000)))).IsTaken);

        taken.ShouldBe([true, true, true, false, false]);
        _service.Gate.SetResult();
        await Flushed(usage);
        _service.Kept.Count.ShouldBe(3);
    }

    [Test]
    public async Task goodbye_sends_what_is_left()
    {
        var usage = Sender(wait: TimeSpan.FromSeconds(20));
        for (var one = 0; one < 1_234; one++) usage.Emit(Some());

        await usage.DisposeAsync();
        await usage.DisposeAsync();

        _service.Kept.Count.ShouldBe(1_234);
        _verdicts.Count.ShouldBe(1_234);
        Should.Throw<ObjectDisposedException>(() => usage.Emit(Some()));
        await Should.ThrowAsync<ObjectDisposedException>(usage.EmitWhenRoom(Some()).AsTask());
        await usage.Flush();
    }

    [Test]
    public async Task goodbye_takes_no_longer_than_it_may()
    {
        for (var call = 0; call < 10_000; call++) _service.ThenStatus(503);
        var usage = Sender(goodbye: TimeSpan.FromMilliseconds(200), pause: TimeSpan.FromMilliseconds(20));
        for (var one = 0; one < 2_000; one++) usage.Emit(Some());

        await usage.DisposeAsync().AsTask().WaitAsync(Patience);

        _verdicts.Count.ShouldBe(2_000);
        _verdicts.Values.ShouldAllBe(one => one.Verdict == Verdict.Abandoned);
        usage.Waiting.ShouldBe(0);
    }

    [Test]
    public async Task a_listener_that_throws_stops_nothing()
    {
        await using var usage = new UsageSender(new()
        {
            Address = _service.Address,
            ApiKey = () => "bk_test",
            Source = "/tests",
            OnVerdict = _ => throw new InvalidOperationException("verdict"),
            OnTrouble = trouble =>
            {
                _troubles.Enqueue(trouble);
                throw new InvalidOperationException("trouble");
            },
        });

        for (var one = 0; one < 10; one++) usage.Emit(Some());
        await Flushed(usage);

        _service.Kept.Count.ShouldBe(10);
        _troubles.Count.ShouldBe(10);
        usage.Waiting.ShouldBe(0);
    }

    [Test]
    public async Task a_key_that_cannot_be_had_is_asked_for_again()
    {
        var keys = new ConcurrentQueue<string?>([null, "bad\nkey", "bk_new"]);
        await using var usage = Sender(key: () =>
            keys.TryDequeue(out var key) && key is not null ? key : throw new IOException("no key yet"));

        var emitted = usage.Emit(Some());
        await Flushed(usage);

        _verdicts[emitted.Id].Verdict.ShouldBe(Verdict.Accepted);
        _service.Keys.ShouldBe(["ApiKey bk_new"]);
        _troubles.Count.ShouldBe(2);
    }

    [Test]
    public async Task a_service_that_is_not_there_yet_is_waited_for()
    {
        // The port is taken and nobody listens, so that no other test's service gets it.
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = new Uri($"http://{nobody.LocalEndPoint}");
        await using var usage = Sender(address: address, goodbye: TimeSpan.Zero);

        usage.Emit(Some());

        await Eventually.Is(() => _troubles.Count > 3);
        _verdicts.ShouldBeEmpty();
    }

    [Test]
    public async Task pauses_do_not_overflow_however_often_it_fails()
    {
        for (var call = 0; call < 1_100; call++) _service.ThenStatus(500);
        await using var usage = Sender();

        var emitted = usage.Emit(Some());
        await Flushed(usage);

        _verdicts[emitted.Id].Verdict.ShouldBe(Verdict.Accepted);
        _troubles.Last().Tries.ShouldBe(1_100);
    }

    [Test]
    public async Task numbers_have_no_gap_and_no_double_from_many_threads()
    {
        await using var usage = Sender(first: 100, most: 50_000);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var one = 0; one < 1_000; one++) usage.Emit(Some());
        })));
        await Flushed(usage);

        Sequences().ShouldBe(Enumerable.Range(100, 4_000).Select(number => (long)number));
    }

    [Test]
    public async Task metrics_tell_what_became_of_everything()
    {
        var sums = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, all) =>
            {
                if (instrument.Meter.Name == "Billing.Usage") all.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var about = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value);
            if (!Equals(about["source"], "/metrics")) return; // other tests run as well

            var name = instrument.Name
                + (about.TryGetValue("verdict", out var verdict) ? $" {verdict}" : "");
            sums.AddOrUpdate(name, value, (_, sum) => sum + value);
        });
        listener.Start();
        _service.ThenStatus(503);
        // Nothing leaves before the flush: else there might be room again.
        await using var usage = Sender(most: 3, source: "/metrics", wait: Patience);

        for (var one = 0; one < 5; one++) usage.Emit(Some());
        await Flushed(usage);

        sums["billing.usage.emitted"].ShouldBe(3);
        sums["billing.usage.settled accepted"].ShouldBe(3);
        sums["billing.usage.settled dropped"].ShouldBe(2);
        sums["billing.usage.calls.again"].ShouldBe(1);
    }

    [Test]
    public async Task what_is_not_well_formed_is_refused_at_once()
    {
        await using var usage = Sender();

        Should.Throw<ArgumentException>(() => usage.Emit(new("", "acme")));
        Should.Throw<ArgumentException>(() => usage.Emit(new("t", "")));
        Should.Throw<ArgumentException>(() => usage.Emit(new("t", "a\nb")));
        Should.Throw<ArgumentException>(() => usage.Emit(Some(new string('x', 257))));
        Should.Throw<ArgumentException>(() => usage.Emit(new("t", "acme", ("x", new string('x', 66_000)))));
        Should.Throw<ArgumentException>(() => Sender(source: ""));
        Should.Throw<ArgumentOutOfRangeException>(() => Sender(most: 0));
        usage.Waiting.ShouldBe(0);
    }

    [Test]
    public async Task an_event_may_take_back_or_replace_an_earlier_one()
    {
        await using var usage = Sender();

        var cancel = usage.Emit(new("t", "acme") { Cancels = "one" });
        var amend = usage.Emit(new("t", "acme", ("n", 2)) { Amends = "two" });
        Should.Throw<ArgumentException>(() => usage.Emit(Some() with { Cancels = "1", Amends = "2" }));
        await Flushed(usage);

        Json(cancel.Id).GetProperty("billingcancels").GetString().ShouldBe("one");
        Json(amend.Id).GetProperty("billingamends").GetString().ShouldBe("two");
    }

    [Test]
    public async Task the_trace_of_the_caller_travels_with_the_event()
    {
        await using var usage = Sender();
        using var activity = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start();

        var emitted = usage.Emit(Some());
        await Flushed(usage);

        JsonSerializer.Deserialize<JsonElement>(_service.Kept[emitted.Id])
            .GetProperty("traceparent").GetString().ShouldBe(activity.Id);
    }

    private JsonElement Json(string id) => JsonSerializer.Deserialize<JsonElement>(_service.Kept[id]);

    private static UsageEvent Some(string? id = null) => new("api.request", "acme", ("n", 1)) { Id = id };

    private static Task Flushed(UsageSender usage) => usage.Flush().WaitAsync(Patience);

    private IEnumerable<long> Sequences() => _service.Kept.Values
        .Select(json => long.Parse(
            JsonSerializer.Deserialize<JsonElement>(json).GetProperty("sequence").GetString()!,
            CultureInfo.InvariantCulture))
        .Order();

    /// <summary>However slowly they are emitted: what goes in a second call is not answered either.</summary>
    private void HoldCalls()
    {
        for (var call = 0; call < 10; call++) _service.Then((_, _) => _service.Gate.Task);
    }

    private void Spoil(int rounds)
    {
        for (var round = 0; round < rounds; round++)
            _service.ThenStatus(503).ThenAbort(takesFirst: true).ThenAbort(takesFirst: false)
                .ThenStatus(429).Then(CutOff, takesFirst: true).ThenStatus(500).ThenStatus(302)
                .Then((context, _) =>
                {
                    context.Response.StatusCode = StatusCodes.Status202Accepted;
                    return context.Response.WriteAsync("[]");
                }, takesFirst: true);
    }

    private static async Task CutOff(HttpContext context, string answer)
    {
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = answer.Length;
        await context.Response.WriteAsync(answer[..(answer.Length / 2)]);
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    private UsageSender Sender(
        int most = 10_000, long bytes = 64 * 1024 * 1024, WhenFull full = WhenFull.DropNewest,
        long? first = null, TimeSpan? wait = null, TimeSpan? call = null, TimeSpan? goodbye = null,
        TimeSpan? pause = null,
        string source = "/tests", Func<string>? key = null, Uri? address = null) => new(new()
        {
            Address = address ?? _service.Address,
            ApiKey = key ?? (() => "bk_test"),
            Source = source,
            MostEvents = most,
            MostBytes = bytes,
            WhenFull = full,
            FirstSequence = first,
            BatchWait = wait ?? TimeSpan.FromMilliseconds(5),
            LongestCall = call ?? TimeSpan.FromMinutes(1),
            LongestGoodbye = goodbye ?? TimeSpan.FromMinutes(1),
            FirstPause = pause ?? TimeSpan.FromMilliseconds(1),
            LongestPause = pause ?? TimeSpan.FromMilliseconds(1),
            OnVerdict = verdict =>
            {
                if (!_verdicts.TryAdd(verdict.Id, verdict)) _secondVerdicts.Enqueue(verdict);
            },
            OnTrouble = _troubles.Enqueue,
        });
}
