using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Billing.Ingestion.Import;

/// <summary>
/// A CSV file of usage, as long as you like; what its columns are says <see cref="CsvColumns"/>. It is taken
/// while it arrives, so the answer is the final report; how far it is tells its id meanwhile. Whatever
/// interrupts it, the file may simply be sent again: what was taken counts once.
/// </summary>
public static class ImportUsage
{
    public const string Route = "/api/v1/events/import";
    public const long LargestFileBytes = 16L * 1024 * 1024 * 1024;

    private static readonly AuthorizationPolicy ProducersAndOps = new AuthorizationPolicyBuilder()
        .RequireAssertion(context => Caller.TryOf(context.User, out var caller)
            && caller.Role is Roles.Producer or Roles.Ops or Roles.Admin)
        .Build();

    /// <summary>For <c>Program.cs</c>.</summary>
    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Imports>();
        builder.Services.AddSingleton<RunImport>();
    }

    public static void Map(WebApplication app)
    {
        var imports = app.MapGroup(Route).RequireAuthorization(ProducersAndOps).WithTags("Import");
        imports.MapPost("", Import).WithName("ImportUsage")
            .WithSummary("Takes a CSV file of usage; with dryRun it only says what would become of it.")
            .Accepts<string>("text/csv")
            .WithMetadata(new RequestSizeLimitAttribute(LargestFileBytes))
            .DisableRequestTimeout();
        imports.MapGet("{id:guid}", Get).WithName("GetImport")
            .WithSummary("How far an import is, or what became of it.");
        imports.MapGet("", List).WithName("ListImports")
            .WithSummary("Imports, the newest first; a producer sees its own.");
    }

    /// <param name="source">Of all events, where the file has no such column.</param>
    /// <param name="id">
    /// Chosen by the caller, who can then ask for the progress while the file is still being sent.
    /// </param>
    /// <param name="dryRun">
    /// Nothing is stored. Whether a line doubles another of the same file is then only known of lines that
    /// are near each other.
    /// </param>
    private static async Task<Results<Ok<ImportReport>, ProblemHttpResult>> Import(
        HttpContext context, RunImport run, NewId newId, string? source = null, Guid? id = null,
        bool dryRun = false)
    {
        if (source is not null && !Contracts.Values.EventId.IsWellFormed(source, "id"))
            return Problems.Refuse(ProblemTypes.Invalid, "'source' is not well formed.");

        var caller = Caller.Of(context.User);
        var report = await run.Run(
            new(id ?? newId(), source, dryRun, caller.Subject, caller.ApiKey,
                name => ApiKeyAuthentication.MaySpeakFor(context.User, name)),
            context.Request.Body, context.RequestAborted);

        return report is null
            ? Problems.Refuse(ProblemTypes.Conflict, "There is an import with this id.")
            : TypedResults.Ok(report);
    }

    private static async Task<Results<Ok<ImportReport>, ProblemHttpResult>> Get(
        Guid id, HttpContext context, Imports imports) =>
        await imports.Find(id, OnlyOf(context), context.RequestAborted) is { } report
            ? TypedResults.Ok(report)
            : Problems.Refuse(ProblemTypes.NotFound, "There is no import with this id.");

    private static async Task<Ok<Page<ImportReport>>> List(
        PageRequest page, HttpContext context, Imports imports) =>
        TypedResults.Ok(await imports.List(page, OnlyOf(context), context.RequestAborted));

    private static string? OnlyOf(HttpContext context) =>
        Caller.Of(context.User) is { IsStaff: false } caller ? caller.Subject : null;
}
