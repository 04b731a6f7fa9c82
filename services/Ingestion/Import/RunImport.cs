using Billing.Ingestion.Usage;
using Billing.Ingestion.Usage.Reading;
using Billing.ServiceDefaults.Database.Paging;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;
using Polly;
using Polly.Retry;

namespace Billing.Ingestion.Import;

/// <param name="MaySpeakFor">Whether the caller may send events of a source.</param>
public sealed record ImportRequest(
    Guid Id, string? Source, bool IsDryRun, string AskedBy, string? ApiKey, Func<string, bool> MaySpeakFor);

/// <summary>
/// Takes a file, some hundred lines in a transaction; the same accepting as for every event.
/// </summary>
public sealed class RunImport(
    BatchTransactions transactions, AcceptUsage accept, Imports imports, TimeProvider time)
{
    private const int LinesInBatch = 500;

    private static readonly Refusal Forbidden = new(
        "source-forbidden", "The API key may not send events of this source.");

    private readonly ResiliencePipeline _again = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            // Serialization, deadlocks, locks that were not got, lost connections.
            ShouldHandle = new PredicateBuilder().Handle<NpgsqlException>(trouble => trouble.IsTransient),
            MaxRetryAttempts = 8,
            Delay = TimeSpan.FromMilliseconds(50),
            MaxDelay = TimeSpan.FromSeconds(5),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();

    /// <returns>Null when there is an import with this id.</returns>
    /// <exception cref="RefusedRequestException">The file has no usable header.</exception>
    public async Task<ImportReport?> Run(ImportRequest request, Stream body, CancellationToken aborted)
    {
        await using var file = await CsvFile.Open(body, request.Source, aborted);
        if (!await imports.Begin(request, aborted)) return null;

        var (batch, taken) = (new List<CsvLine>(LinesInBatch), 0L);
        string? failure = null;
        try
        {
            await foreach (var line in file.Lines(aborted))
            {
                batch.Add(line);
                if (batch.Count < LinesInBatch) continue;

                await Take(request, batch, taken);
                taken += batch.Count;
                batch.Clear();
            }
        }
        catch (RefusedRequestException broken)
        {
            failure = broken.Message;
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            failure = "The file ended early: the connection was lost.";
        }

        // What is read is taken, whatever came behind it.
        if (batch.Count > 0) await Take(request, batch, taken);
        return await imports.End(request.Id, failure, CancellationToken.None);
    }

    private async Task Take(ImportRequest request, List<CsvLine> lines, long before)
    {
        var readings = lines.Select(line => Read(line, request)).ToList();
        await _again.ExecuteAsync(async cancellation =>
        {
            await using var transaction = await transactions.Begin(cancellation);
            Arrival[] arrivals = [.. readings.Select(one => one.Arrival).OfType<Arrival>()];
            var verdicts = arrivals.Length == 0
                ? []
                : await accept.Apply(arrivals, transaction, time.GetUtcNow(), cancellation);
            var step = Count(readings, verdicts);
            if (request.IsDryRun)
            {
                await imports.Note(request.Id, before, step, cancellation);
                return;
            }

            if (await imports.Note(request.Id, before, step, transaction.Connection, cancellation))
                await transaction.Commit(cancellation);
        }, CancellationToken.None);
    }

    private static Reading Read(CsvLine line, ImportRequest request)
    {
        if (line.Error is { } error) return new(line.Line, null, new("not-csv", error));

        var reading = ReadCloudEvent.One(line.Event.Span);
        if (reading.Source is { } source && !request.MaySpeakFor(source))
            return new(line.Line, null, Forbidden, source, reading.Id);

        return new(line.Line, new()
        {
            Original = line.Event,
            Via = UsageVia.Import,
            Event = reading.Event,
            Refusal = reading.Refusal,
            Source = reading.Source,
            Id = reading.Id,
            SentBy = request.ApiKey ?? request.AskedBy,
            Trace = System.Diagnostics.Activity.Current?.Id,
        }, null, reading.Source, reading.Id);
    }

    private static ImportStep Count(List<Reading> readings, IReadOnlyList<Verdict> verdicts)
    {
        var errors = new List<ImportError>();
        var counts = new int[Enum.GetValues<VerdictKind>().Length];
        var (place, unreadable) = (0, 0);
        foreach (var reading in readings)
        {
            var verdict = reading.Arrival is null ? null : verdicts[place++];
            if (verdict is null) unreadable++;
            else counts[(int)verdict.Kind]++;
            if ((reading.Refusal ?? verdict?.Reason) is { } why)
                errors.Add(new(reading.Line, reading.Source, reading.Id, why.Code, why.Detail));
        }

        int Of(VerdictKind kind) => counts[(int)kind];
        return new(
            readings.Count, Of(VerdictKind.Accepted), Of(VerdictKind.Unmatched), Of(VerdictKind.Waiting),
            Of(VerdictKind.Duplicate), Of(VerdictKind.Conflict), Of(VerdictKind.Rejected), unreadable,
            errors);
    }

    /// <param name="Refusal">Of a line that is no arrival.</param>
    private sealed record Reading(
        long Line, Arrival? Arrival, Refusal? Refusal, string? Source = null, string? Id = null);
}
