using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.ServiceDefaults.ApiKeys;

/// <summary>
/// Issue, list and revoke producers' keys; for admins. Issuing takes no Idempotency-Key: a stored answer
/// would be a stored secret. Whoever is not sure that it worked lists the keys, revokes, and issues again.
/// </summary>
public static class ManageApiKeys
{
    public const string Route = "/api/v1/api-keys";

    private const int LongestText = 200, MostSources = 100;

    /// <param name="Subject">The service that will send with the key.</param>
    /// <param name="Sources">The CloudEvents sources that it may speak for.</param>
    /// <param name="ExpiresAt">From this moment on the key is refused; without it the key stays good until
    /// revoked.</param>
    public sealed record Command(
        string Name, string Subject, IReadOnlyList<string> Sources, DateTimeOffset? ExpiresAt = null);

    /// <param name="Key">Shown this once.</param>
    public sealed record Issued(string Id, string Key);

    public sealed record Listed(
        string Id, string Name, string Subject, IReadOnlyList<string> Sources, DateTimeOffset CreatedAt,
        string CreatedBy,
        DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateOnly? LastUsedOn);

    public sealed record Answer(IReadOnlyList<Listed> Keys);

    public static void Map(WebApplication app)
    {
        var keys = app.MapGroup(Route).RequireAuthorization(Policies.Admin).WithTags("API keys");
        keys.MapPost("", Issue).WithName("IssueApiKey")
            .WithSummary("Makes a key. Its secret is shown this once.");
        keys.MapGet("", List).WithName("ListApiKeys").WithSummary("All keys, without their secrets.");
        keys.MapDelete("{id}", Revoke).WithName("RevokeApiKey")
            .WithSummary("The key is refused within seconds.");
    }

    /// <summary>What is wrong with the command, or nothing.</summary>
    public static string? Refuse(Command command, DateTimeOffset now)
    {
        if (!IsText(command.Name)) return $"'name' needs 1 to {LongestText} characters.";
        if (!IsText(command.Subject)) return $"'subject' needs 1 to {LongestText} characters.";
        if (command.Sources.Count is 0 or > MostSources || !command.Sources.All(IsText))
            return $"'sources' needs 1 to {MostSources} sources of 1 to {LongestText} characters.";
        if (command.ExpiresAt <= now) return "'expiresAt' has passed.";
        return null;
    }

    private static async Task<Results<Created<Issued>, ProblemHttpResult>> Issue(
        Command command, HttpContext context, ApiKeyStore store, TimeProvider time)
    {
        var now = time.GetUtcNow();
        if (Refuse(command, now) is { } reason) return Problems.Refuse(ProblemTypes.Invalid, reason);

        var key = ApiKey.Make(out var text);
        await store.Add(
            new StoredApiKey(
                key.Id, key.SecretHash, command.Name, command.Subject, [.. command.Sources.Distinct()], now,
                Caller.Of(context.User).Subject, command.ExpiresAt?.ToUniversalTime(), null, null),
            context.RequestAborted);
        return TypedResults.Created($"{Route}/{key.Id}", new Issued(key.Id, text));
    }

    private static async Task<Ok<Answer>> List(ApiKeyStore store, CancellationToken cancellationToken)
    {
        var keys = await store.All(cancellationToken);
        return TypedResults.Ok(new Answer([.. keys.Select(key => new Listed(
            key.Id, key.Name, key.Subject, key.Sources, key.CreatedAt, key.CreatedBy, key.ExpiresAt,
            key.RevokedAt,
            key.LastUsedOn))]));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Revoke(
        string id, HttpContext context, ApiKeyStore store) =>
        await store.Revoke(id, Caller.Of(context.User).Subject, context.RequestAborted)
            ? TypedResults.NoContent()
            : Problems.Refuse(ProblemTypes.NotFound, "There is no key with this id.");

    private static bool IsText(string? text) =>
        text is { Length: > 0 and <= LongestText } && !text.Any(char.IsControl) && text.Trim() == text;
}
