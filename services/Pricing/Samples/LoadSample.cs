using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Samples;

/// <summary>
/// The sample catalogs beside the program, by the same way as any file. Each is a catalog of its own: they
/// use some names for different things, so the second may be refused.
/// </summary>
public static class LoadSample
{
    public const string Route = $"{PostCatalog.Route}/samples";

    public static IReadOnlyList<string> Names { get; } =
        ["impressions", "llm-metering", "rate-limit-overage"];

    public sealed record Listed(IReadOnlyList<string> Samples);

    public static void Map(WebApplication app)
    {
        var samples = app.MapGroup(Route).WithTags("Catalog").RequireAuthorization(Policies.Ops);
        samples.MapGet("", () => TypedResults.Ok(new Listed(Names))).WithName("ListSampleCatalogs")
            .WithSummary("The sample catalogs that can be loaded.");
        samples.MapPost("{sample}", Load).WithName("LoadSampleCatalog")
            .WithSummary("Loads a sample catalog; again, it changes nothing.");
    }

    /// <summary>The file as it lies beside the program.</summary>
    /// <exception cref="IOException">It does not.</exception>
    internal static Task<byte[]> File(string sample, CancellationToken cancellation) =>
        System.IO.File.ReadAllBytesAsync(
            Path.Combine(AppContext.BaseDirectory, "Samples", $"{sample}.json"), cancellation);

    private static async Task<Results<Ok<PostCatalog.Report>, ProblemHttpResult>> Load(
        string sample, HttpContext context, ChangeCatalog change, NewId newId)
    {
        if (!Names.Contains(sample)) return CatalogDesk.NotFound("sample catalog");

        var author = new Author(Caller.Of(context.User).Subject, $"Sample catalog {sample}");
        var read = CatalogJson.Read(await File(sample, context.RequestAborted));
        return await PostCatalog.Take(
            read, author, newId(), change, isDryRun: false, context.RequestAborted);
    }
}
