using System.Diagnostics.Metrics;

namespace Billing.Usage.Delivery;

/// <summary>The meter <c>Billing.Usage</c>. Every instrument says which source it is about.</summary>
internal sealed class Metrics : IDisposable
{
    private readonly Meter _meter = new("Billing.Usage");
    private readonly Counter<long> _emitted, _settled, _calledAgain, _listenerFailed;
    private readonly Histogram<long> _called;
    private readonly KeyValuePair<string, object?> _source;

    public Metrics(string source, Func<int> waiting)
    {
        _source = new("source", source);
        _emitted = _meter.CreateCounter<long>("billing.usage.emitted", "{event}", "Events taken");
        _settled = _meter.CreateCounter<long>(
            "billing.usage.settled", "{event}", "Events with a verdict, dropped ones included");
        _calledAgain = _meter.CreateCounter<long>(
            "billing.usage.calls.again", "{call}", "Calls that had to be made again");
        _listenerFailed = _meter.CreateCounter<long>(
            "billing.usage.listener.failed", "{call}", "Calls of OnTrouble that threw");
        _called = _meter.CreateHistogram<long>("billing.usage.call.duration", "ms", "Answered calls");
        _meter.CreateObservableGauge(
            "billing.usage.waiting", () => new Measurement<int>(waiting(), _source), "{event}",
            "Events in memory");
    }

    public void Emitted() => _emitted.Add(1, _source);

    public void Settled(Verdict verdict) =>
        _settled.Add(1, _source, new("verdict", Names.Of(verdict)));

    public void CalledAgain() => _calledAgain.Add(1, _source);

    public void ListenerFailed() => _listenerFailed.Add(1, _source);

    public void Called(TimeSpan took, int status) =>
        _called.Record(took.Ticks / TimeSpan.TicksPerMillisecond, _source, new("status", status));

    public void Dispose() => _meter.Dispose();
}
