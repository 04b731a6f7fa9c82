using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Samples;

/// <summary>
/// The sample catalogs beside the program, by the same way as any file. Each is a catalog of its own, and
/// they use some names for different things: beside another one a sample is loaded under a prefix.
/// </summary>
public static class LoadSample
{
    public const string Route = $"{PostCatalog.Route}/samples";

    private const int LongestPrefix = 20;

    public static IReadOnlyList<string> Names { get; } =
        ["impressions", "llm-metering", "rate-limit-overage"];

    public sealed record Listed(IReadOnlyList<string> Samples);

    public static void Map(WebApplication app)
    {
        var samples = app.MapGroup(Route).WithTags("Catalog").RequireAuthorization(Policies.Ops);
        samples.MapGet("", () => TypedResults.Ok(new Listed(Names))).WithName("ListSampleCatalogs")
            .WithSummary("The sample catalogs that can be loaded.");
        samples.MapPost("{sample}", Load).WithName("LoadSampleCatalog")
            .WithSummary("Loads a sample catalog, under a prefix if asked; again, it changes nothing.");
    }

    /// <summary>The file as it lies beside the program.</summary>
    /// <exception cref="IOException">It does not.</exception>
    internal static Task<byte[]> File(string sample, CancellationToken cancellation) =>
        System.IO.File.ReadAllBytesAsync(
            Path.Combine(AppContext.BaseDirectory, "Samples", $"{sample}.json"), cancellation);

    /// <param name="prefix">Before every name in the sample: up to 20 of a to z, 0 to 9, _ and -.</param>
    private static async Task<Results<Ok<PostCatalog.Report>, ProblemHttpResult>> Load(
        string sample, HttpContext context, CatalogDesk desk, ChangeCatalog change, NewId newId,
        string prefix = "")
    {
        if (!Names.Contains(sample)) return CatalogDesk.NotFound("sample catalog");
        if (prefix.Length > LongestPrefix || prefix.Any(letter => !IsOfName(letter)))
            throw new RefusedRequestException(
                $"'prefix' is up to {LongestPrefix} of a to z, 0 to 9, _ and -.");

        var author = new Author(Caller.Of(context.User).Subject, $"Sample catalog {sample}");
        var read = CatalogJson.Read(await File(sample, context.RequestAborted));
        read = read with { File = read.File.Under(prefix) };
        var state = (await desk.Now(context.RequestAborted)).State;
        return Clashes(read.File, state, author, desk.Time) is { Count: > 0 } names
            ? Problems.Refuse(
                ProblemTypes.Conflict,
                $"The catalog means something else by {string.Join(", ", names)}. Load the sample with a "
                + "prefix for its names, as ?prefix=sample-, or into an installation of its own.",
                [new("names", names)])
            : await PostCatalog.Take(read, author, newId(), change, isDryRun: false, context.RequestAborted);
    }

    private static bool IsOfName(char letter) =>
        letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '_' or '-';

    // What a sample would change is somebody else's.
    private static List<string> Clashes(
        CatalogFile file, CatalogState state, Author author, DateTimeOffset now)
    {
        return
        [
            .. file.Meters.Where(one => state.Meters.ContainsKey(one.Value.Id)
                && Changes(CatalogFile.Empty with { Meters = [one] })).Select(one => $"meter {one.Value.Id}"),
            .. file.Plans.Where(one => state.Plans.ContainsKey(one.Value.Id)
                && Changes(CatalogFile.Empty with { Plans = [one] })).Select(one => $"plan {one.Value.Id}"),
            .. file.Prices.Where(one => state.Rules.ContainsKey(one.Value.Id)
                && Changes(CatalogFile.Empty with { Prices = [one] })).Select(one => $"price {one.Value.Id}"),
        ];

        bool Changes(CatalogFile one) =>
            ImportCatalog.Decide(one, state, author, now) is { Facts.Count: > 0 } or { Errors.Count: > 0 };
    }
}
