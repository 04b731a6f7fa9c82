using System.Text;
using Billing.Contracts.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace Billing.Pricing.Catalog;

/// <summary>
/// A whole catalog in and out, as JSON or CSV. A file is taken as one change or not at all; the same file
/// again changes nothing.
/// </summary>
public static class PostCatalog
{
    public const string Route = "/api/v1/catalog";
    public const int LargestFileBytes = 16 * 1024 * 1024;

    private const string Json = "application/json", Csv = "text/csv";

    /// <param name="IsDryRun">Nothing was stored.</param>
    /// <param name="Meters">How many are new or changed; as all the others.</param>
    /// <param name="CatalogNumber">With the file taken; null where it has errors.</param>
    /// <param name="Errors">Of a dry run; otherwise a file with errors is refused.</param>
    public sealed record Report(
        bool IsDryRun, int Meters, int Plans, int Prices, int TenantAllowances, int TenantFees,
        long? CatalogNumber, IReadOnlyList<FileError> Errors);

    public static void Map(WebApplication app)
    {
        var catalog = app.MapGroup(Route).WithTags("Catalog");
        catalog.MapPost("import", Import).RequireAuthorization(Policies.Ops)
            .WithIdempotencyKey(required: false).WithName("ImportCatalog")
            .WithSummary("Meters, plans, prices, agreements from a file, all or nothing; dryRun only tries.")
            .Accepts<string>(Json, Csv)
            .WithMetadata(new RequestSizeLimitAttribute(LargestFileBytes));
        catalog.MapGet("export", Export).RequireAuthorization(Policies.Finance).WithName("ExportCatalog")
            .WithSummary("The newest version of all that is not retired, as JSON or CSV (format=csv).");
    }

    /// <param name="reason">Why; kept with each decision.</param>
    private static async Task<Results<Ok<Report>, ProblemHttpResult>> Import(
        string reason, HttpContext context, CatalogDesk desk, ChangeCatalog change, bool dryRun = false)
    {
        var author = new Author(Caller.Of(context.User).Subject, reason.Trim());
        if (author.Check().ToList() is { Count: > 0 } refusals) return CatalogDesk.Refuse(refusals);
        if (await Read(context.Request) is not { } read)
            return Problems.Refuse(ProblemTypes.UnsupportedMediaType, $"A catalog is {Json} or {Csv}.");

        return await Take(
            read, author, await desk.WishOf(context), change, dryRun, context.RequestAborted);
    }

    /// <summary>All of a file that was read, or nothing.</summary>
    internal static async Task<Results<Ok<Report>, ProblemHttpResult>> Take(
        FileRead read, Author author, Guid id, ChangeCatalog change, bool isDryRun,
        CancellationToken cancellation)
    {
        var errors = read.Errors;
        var wish = new CatalogWish(id, (asked, _) =>
        {
            var outcome = ImportCatalog.Decide(read.File, asked.Catalog, author, asked.Now);
            errors = [.. read.Errors.Concat(outcome.Errors).OrderBy(error => error.Line)];
            return Task.FromResult(errors.Count == 0
                ? CatalogDecision.Record(outcome.Facts)
                : CatalogDecision.Refuse([]));
        });
        var outcome = isDryRun
            ? await change.Preview(wish, cancellation)
            : await change.Apply(wish, cancellation);
        if (outcome is CatalogChange.Done done) return TypedResults.Ok(Of(done, isDryRun));

        return isDryRun
            ? TypedResults.Ok(new Report(true, 0, 0, 0, 0, 0, null, errors))
            : Problems.Refuse(
                ProblemTypes.Unprocessable, "The file has errors; nothing of it was taken.",
                [new("errors", errors)]);
    }

    private static async Task<Results<FileContentHttpResult, StatusCodeHttpResult, ProblemHttpResult>> Export(
        HttpContext context, CatalogDesk desk, string format = "json")
    {
        if (format is not ("json" or "csv"))
            return Problems.Refuse(ProblemTypes.Invalid, "'format' is json or csv.");

        var catalog = await desk.Now(context.RequestAborted);
        var file = ExportCatalog.From(catalog.State);
        return TypedResults.File(
            format == "csv" ? Encoding.UTF8.GetBytes(CatalogCsv.Write(file)) : CatalogJson.Write(file),
            format == "csv" ? $"{Csv}; charset=utf-8" : Json, $"catalog-{catalog.Number}.{format}",
            entityTag: new EntityTagHeaderValue($"\"{catalog.Number}-{format}\""));
    }

    private static Report Of(CatalogChange.Done done, bool isDryRun) => new(
        isDryRun, Count<MeterSetV1>(done), Count<PlanPublishedV1>(done), Count<PriceRulePublishedV1>(done),
        Count<TenantAllowanceSetV1>(done), Count<TenantFeeSetV1>(done), done.Catalog.Number, []);

    private static int Count<T>(CatalogChange.Done done) => done.Facts.Count(fact => fact.Message is T);

    // Null: neither of the two.
    private static async Task<FileRead?> Read(HttpRequest request)
    {
        var type = MediaTypeHeaderValue.TryParse(request.ContentType, out var parsed)
            ? parsed.MediaType.ToString()
            : null;
        if (type is not (Json or Csv)) return null;

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        var bytes = body.GetBuffer().AsSpan(0, (int)body.Length);
        return type == Csv ? CatalogCsv.Read(Encoding.UTF8.GetString(bytes)) : CatalogJson.Read(bytes);
    }
}
