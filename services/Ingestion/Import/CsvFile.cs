using System.Runtime.CompilerServices;
using Billing.ServiceDefaults.Database.Paging;
using CsvHelper;

namespace Billing.Ingestion.Import;

/// <summary>
/// A CSV file (RFC 4180, UTF-8, comma, with a header) as a stream of events. However long the file, no more
/// than a line and a buffer of it are in memory.
/// </summary>
public sealed class CsvFile : IAsyncDisposable
{
    /// <summary>A line may go over several where quotes say so; this ends one that has no end.</summary>
    public const int LargestLineBytes = 256 * 1024;

    private static readonly CsvReaderOptions _strict = CsvReaderOptions.Default with
    {
        Separator = ',',
        DetectSeparatorHint = false,
        TrackLineNumbers = true,
        MaxRecordSize = LargestLineBytes,
        MalformedData = CsvMalformedDataHandling.Skip,
    };

    private readonly Queue<CsvLine> _malformed = new();
    private readonly CsvReader _reader;
    private CsvColumns _columns = null!;

    private CsvFile(Stream body) => _reader = CsvReader.Create(
        body, _strict with { OnMalformedRecord = record => _malformed.Enqueue(Malformed(record)) }, true);

    /// <param name="source">Of all events, where the file has no such column.</param>
    /// <exception cref="RefusedRequestException">The header is not one; the sentence says why.</exception>
    public static async Task<CsvFile> Open(Stream body, string? source, CancellationToken cancellation)
    {
        var file = new CsvFile(body);
        try
        {
            await file._reader.ReadHeaderAsync(cancellation);
            if (file._malformed.Count > 0)
                throw new RefusedRequestException("The header's quotes are wrong.");

            file._columns = CsvColumns.Of(file._reader.Headers, source);
            return file;
        }
        catch (CsvFormatException)
        {
            await file.DisposeAsync();
            throw new RefusedRequestException("The header is not one line of CSV.");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    /// <summary>
    /// Every line behind the header that is not empty. Those with wrong quotes come when they are noticed,
    /// which may be before their neighbors.
    /// </summary>
    /// <exception cref="RefusedRequestException">The rest cannot be read; the sentence says why.</exception>
    public async IAsyncEnumerable<CsvLine> Lines([EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await Read(cancellation))
        {
            while (_malformed.TryDequeue(out var malformed)) yield return malformed;
            yield return _columns.Read(_reader);
        }

        while (_malformed.TryDequeue(out var malformed)) yield return malformed;
    }

    private async Task<bool> Read(CancellationToken cancellation)
    {
        try
        {
            return await _reader.ReadAsync(cancellation);
        }
        catch (CsvFormatException refused)
        {
            var line = refused.LineNumber > 0 ? refused.LineNumber : _reader.LineNumber + 1;
            throw new RefusedRequestException(
                $"Line {line} has more than {LargestLineBytes} bytes; perhaps a quote is not closed. "
                + "What came before it was read.");
        }
    }

    private static CsvLine Malformed(CsvMalformedRecord record) => new(
        record.LineNumber, default, record.Reason switch
        {
            CsvMalformedReason.StrayQuote => "A quote stands inside a field that has none around it.",
            CsvMalformedReason.TextAfterClosingQuote => "Something follows a closing quote.",
            CsvMalformedReason.UnterminatedQuote => "A quote is not closed.",
            _ => "It is not CSV.",
        });
}

/// <summary>One line of the file: a CloudEvent as JSON, or why it is none.</summary>
/// <param name="Line">Where it begins; the header is line 1.</param>
public readonly record struct CsvLine(long Line, ReadOnlyMemory<byte> Event, string? Error);
