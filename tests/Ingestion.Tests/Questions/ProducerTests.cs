using System.Collections.Concurrent;
using System.Globalization;
using Billing.Testbed;
using Billing.Usage;

namespace Billing.Ingestion.Tests.Questions;

/// <summary>The library that producers use, against the service that it is made for.</summary>
[Parallelizable(ParallelScope.Self)]
public class ProducerTests
{
    private readonly ConcurrentDictionary<string, UsageVerdict> _verdicts = new(StringComparer.Ordinal);
    private EdgeService _service = null!;

    [OneTimeSetUp]
    public async Task Up()
    {
        _service = await EdgeService.Start();
        await _service.KnowSome();
    }

    [OneTimeTearDown]
    public async Task Down() => await _service.DisposeAsync();

    [Test]
    public async Task what_a_producer_emits_is_delivered_and_what_it_dropped_is_a_gap()
    {
        await using var usage = await Sender("/numbered", most: 2_000, first: 1);
        for (var one = 0; one < 2_010; one++) usage.Emit(new("storage", "acme", ("bytes", one)));
        await usage.Flush().WaitAsync(Eventually.Patience);
        usage.Emit(new("storage", "acme", ("bytes", 1.5m)));
        await usage.Flush().WaitAsync(Eventually.Patience);

        var dropped = _verdicts.Values.Count(one => one.Verdict == Verdict.Dropped);
        var accepted = _verdicts.Values.Count(one => one is { Source: "/numbered", Verdict: Verdict.Accepted });
        (accepted + dropped).ShouldBe(2_011);
        var (_, report) = await _service.Ask("/api/v1/sources/%2Fnumbered/delivery", _service.Token("ops"));
        report.GetProperty("total").GetProperty("accepted").GetInt64().ShouldBe(accepted);
        report.GetProperty("numbering").GetProperty("missing").GetDecimal().ShouldBe(dropped);
        report.GetProperty("numbering").GetProperty("last").GetInt64().ShouldBe(2_011);
    }

    [Test]
    public async Task every_verdict_of_the_service_arrives_as_it_was_meant()
    {
        await using var usage = await Sender("/verdicts");
        Emit(new("storage", "acme", ("bytes", 7)) { Id = "a" });
        Emit(new("storage", "acme", ("bytes", 7)) { Id = "same", Time = DateTimeOffset.UtcNow });
        Emit(new("storage", "nobody", ("bytes", 7)) { Id = "u" });
        Emit(new("storage", "acme", ("bytes", "many")) { Id = "r" });
        Emit(new("storage", "not a tenant", ("bytes", 7)) { Id = "r2" });
        await usage.Flush().WaitAsync(Eventually.Patience);
        Emit(new("storage", "acme") { Id = "c", Cancels = "a" });
        Emit(new("storage", "acme") { Id = "w", Cancels = "never-came" });
        await usage.Flush().WaitAsync(Eventually.Patience);

        Said("a").ShouldBe("Accepted ");
        Said("u").ShouldBe("Unmatched unknown-tenant");
        Said("r").ShouldBe("Rejected not-a-number");
        Said("r2").ShouldBe("Rejected subject-invalid");
        Said("c").ShouldBe("Accepted ");
        Said("w").ShouldBe("Waiting ");

        await using var again = await Sender("/verdicts");
        _verdicts.Clear();
        again.Emit(new("storage", "acme", ("bytes", 8)) { Id = "a" });
        await again.Flush().WaitAsync(Eventually.Patience);
        Said("a").ShouldBe("Conflict conflict");

        void Emit(UsageEvent one) => usage.Emit(one).IsTaken.ShouldBeTrue();
        string Said(string id) => string.Create(
            CultureInfo.InvariantCulture, $"{_verdicts[id].Verdict} {_verdicts[id].Code}");
    }

    private async Task<UsageSender> Sender(string source, int most = 10_000, long? first = null)
    {
        var key = await _service.Key(source);
        return new(new()
        {
            Address = _service.Client.BaseAddress!,
            ApiKey = () => key,
            Source = source,
            MostEvents = most,
            FirstSequence = first,
            OnVerdict = verdict => _verdicts[verdict.Id] = verdict,
        });
    }
}
