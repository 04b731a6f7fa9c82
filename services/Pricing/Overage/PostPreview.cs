using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Prices;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Overage;

/// <summary>What units would cost, over HTTP: one question, or a list of them. Saves nothing.</summary>
public static class PostPreview
{
    public const string Route = ManagePrices.Route + "/preview";
    public const int MostQuestions = 1000;

    /// <param name="At">Null: now.</param>
    /// <param name="Currency">Null: that of the country, or of the tenant's.</param>
    public sealed record Question(
        MeterId Meter, Quantity Units, PlanId? Plan = null, string? Country = null, Currency? Currency = null,
        TenantId? Tenant = null, Properties? Dimensions = null, DateTimeOffset? At = null);

    public static void Map(WebApplication app)
    {
        app.MapPost(Route, One).RequireAuthorization(Policies.Finance).WithTags("Prices")
            .WithName("PreviewPrice")
            .WithSummary("What units over the limit would cost, with the arithmetic. Saves nothing.");
        app.MapPost($"{Route}/batch", Many).RequireAuthorization(Policies.Finance).WithTags("Prices")
            .WithName("PreviewPrices")
            .WithSummary("The same for 1 to 1,000 questions, each answered or refused by itself.");
    }

    private static async Task<Results<Ok<PreviewPrice.Answer>, ProblemHttpResult>> One(
        Question question, HttpContext context, CatalogDesk desk)
    {
        var catalog = (await desk.Now(context.RequestAborted)).State;
        var answer = PreviewPrice.Of(Asked(question, desk.Time), catalog);
        return answer.Refusals.Count > 0 ? CatalogDesk.Refuse(answer.Refusals) : TypedResults.Ok(answer);
    }

    private static async Task<Results<Ok<IReadOnlyList<PreviewPrice.Answer>>, ProblemHttpResult>> Many(
        IReadOnlyList<Question> questions, HttpContext context, CatalogDesk desk)
    {
        if (questions.Count is 0 or > MostQuestions)
            return Problems.Refuse(ProblemTypes.Invalid, $"1 to {MostQuestions} questions at once.");

        var catalog = (await desk.Now(context.RequestAborted)).State;
        return TypedResults.Ok(PreviewPrice.Of(
            [.. questions.Select(question => Asked(question, desk.Time))], catalog));
    }

    private static PreviewPrice.Question Asked(Question question, DateTimeOffset now) => new(
        question.Meter, question.Units, Moments.Utc(question.At) ?? now, question.Plan, question.Country,
        question.Currency, question.Tenant, question.Dimensions);
}
