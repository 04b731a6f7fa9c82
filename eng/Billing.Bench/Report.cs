using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Billing.Bench;

/// <summary>Prints figures as they come, for people, and keeps them for a file.</summary>
internal sealed class Report(string? jsonFile)
{
    // A time that was too short to be measured makes a rate that is no number.
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly List<string> _notes = [];
    private readonly Dictionary<string, object> _figures = [];
    private readonly List<HttpRuns.Run> _http = [];
    private readonly List<EvenLoad.Minute> _minutes = [];

    /// <summary>What was sent is what was accepted, stored and published, in every run.</summary>
    public bool IsSound { get; private set; } = true;

    public void Note(string sentence)
    {
        _notes.Add(sentence);
        Line($"  {sentence}");
    }

    /// <summary>What the figures depend on.</summary>
    public void Machine()
    {
        var model = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':')[1].Trim() ?? "unknown processor";
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30;
        Note(Text($"{Environment.ProcessorCount} × {model}, {memory} GiB, {RuntimeInformation.OSDescription}"));
        var load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        Note(Text($"{RuntimeInformation.FrameworkDescription}; load of the machine before: {load}"));
    }

    public void Disk(TimeSpan fsync)
    {
        Note(Text($"a synchronous write of 4 KiB takes {fsync.TotalMicroseconds:N0} µs (median of 200)"));
        _figures["fsyncMicroseconds"] = fsync.TotalMicroseconds;
    }

    /// <summary>What a bench has printed itself, and whether it adds up.</summary>
    public void Keep(string name, object figures, bool isSound)
    {
        _figures[name] = figures;
        IsSound &= isSound;
    }

    public void KafkaPair(int number, long raw, KafkaRuns.Run run)
    {
        IsSound &= run.IsSound;
        Line(
            Text($"pair {number}: raw {raw:N0}/s; Ingestion {run.EventsPerSecond:N0}/s published, ")
            + Text($"{run.DurablePerSecond:N0}/s durable, first after {run.FirstSeconds:N1} s; ")
            + Sound(run.IsSound));
        Line(
            Text($"        µs of CPU per event: Ingestion {run.IngestionMicros:N1}, PostgreSQL ")
            + Text($"{run.PostgresMicros:N1}, broker {run.BrokerMicros:N1}; memory of Ingestion up to ")
            + Text($"{run.PeakMegabytes} MiB"));
        Line(
            Text($"        second half: {run.Warm.EventsPerSecond:N0}/s; Ingestion ")
            + Text($"{run.Warm.IngestionMicros:N1}, PostgreSQL {run.Warm.PostgresMicros:N1}, broker ")
            + Text($"{run.Warm.BrokerMicros:N1}"));
    }

    public void Kafka(int events, long bytes, List<long> raw, List<KafkaRuns.Run> runs)
    {
        Line();
        Line(Text($"From Kafka, {events:N0} events of {bytes} bytes, medians of {runs.Count}:"));
        Line(Text($"  raw reading              {Median(raw),10:N0} events/s"));
        var (published, durable) = (
            Median(runs.Select(run => run.EventsPerSecond)), Median(runs.Select(run => run.DurablePerSecond)));
        Line(Text($"  accepted and published   {published,10:N0} events/s"));
        Line(Text($"  accepted and durable     {durable,10:N0} events/s"));
        _figures["kafka"] = new { events, bytes, raw, runs };
    }

    /// <summary>What they use while nothing happens, in cores.</summary>
    public void Idle(double ingestion, double postgres)
    {
        Note(Text($"idle, Ingestion uses {ingestion:P1} of a core and PostgreSQL {postgres:P1}"));
        _figures["idleCores"] = new { ingestion, postgres };
    }

    public void Http(HttpRuns.Run run)
    {
        if (_http.Count == 0)
            Line("Over HTTP, client included:\n   per call  connections    events/s   p50 ms   p99 ms"
                + "   one write ms   µs CPU Ingestion  PostgreSQL      client");
        IsSound &= run.IsSound;
        _http.Add(run);
        Line(
            Text($"  {run.Batch,9} {run.Connections,12} {run.EventsPerSecond,11:N0} ")
            + Text($"{run.P50Milliseconds,8:N2} {run.P99Milliseconds,8:N2} ")
            + Text($"{run.SynchronousWriteMilliseconds,14:N2} {run.IngestionMicros,18:N1} ")
            + Text($"{run.PostgresMicros,11:N1} {run.ClientMicros,11:N1}  {Sound(run.IsSound)}"));
    }

    public void Minute(EvenLoad.Minute minute)
    {
        if (_minutes.Count == 0)
            Line("An even load, half from Kafka and half over HTTP:\n  minute   accepted   MiB mean   highest   behind");
        _minutes.Add(minute);
        Line(
            Text($"  {minute.Number,6} {minute.Accepted,10:N0} {minute.Megabytes,10} {minute.Highest,9} ")
            + Text($"{minute.Behind,8:N0}"));
    }

    public void HttpSum(long accepted, long keys, long facts, TimeSpan settled, bool isSound)
    {
        IsSound &= isSound;
        Line(
            Text($"  in all {accepted:N0} accepted, {keys:N0} keys, {facts:N0} facts, all published ")
            + Text($"{settled.TotalSeconds:N1} s after the last; {Sound(isSound)}"));
        Line();
        _figures["http"] = _http;
    }

    public void Finish()
    {
        Line(IsSound ? "Everything adds up." : "It does NOT add up.");
        if (jsonFile is not { } file) return;

        _figures["minutes"] = _minutes;
        _figures["notes"] = _notes;
        _figures["isSound"] = IsSound;
        File.WriteAllText(file, JsonSerializer.Serialize(_figures, Readable));
        Line($"Written to {file}.");
    }

    private static long Median(IEnumerable<long> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string Sound(bool isSound) => isSound ? "adds up" : "DOES NOT ADD UP";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    public static void Line(string text = "") => Console.WriteLine(text);
}
