using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace Billing.ServiceDefaults.Tests;

public class FeaturesTests
{
    [Test]
    public async Task what_is_not_set_is_on_and_everybody_may_know()
    {
        await using var service = await TestService.Run(settings: ("Features:AB_TESTING_ENABLED", "false"));

        var answer = await service.Get(Meta.FeaturesRoute);

        (await answer.Content.ReadAsStringAsync()).ShouldBe(
            """
            {"features":{"TRANSPARENCY_ENABLED":true,"BILLING_ENABLED":true,"FRAUD_DETECTION_ENABLED":true,"AB_TESTING_ENABLED":false}}
            """);
    }

    [TestCase(null)]
    [TestCase(Roles.Admin)]
    public async Task behind_a_flag_that_is_off_there_is_nothing_for_anybody(string? role)
    {
        await using var service = await TestService.Run(
            app => app.MapGet("/billing", () => "here").RequireFeature(Features.Billing),
            settings: ("Features:BILLING_ENABLED", "false"));

        var answer = await service.Get("/billing", role is null ? null : TestService.TokenOf(role));

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await TestService.Json(answer)).GetProperty("type").GetString()
            .ShouldBe(ProblemTypes.FeatureDisabled.Urn);
    }

    [Test]
    public async Task behind_a_flag_that_is_on_it_is_as_if_there_were_none()
    {
        await using var service = await TestService.Run(
            app => app.MapGet("/billing", () => "here").RequireFeature(Features.Billing));

        (await service.Get("/billing")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await service.Get("/billing", TestService.TokenOf(Roles.Ops)))
            .StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public void a_flag_that_does_not_exist_is_a_mistake_in_the_program() =>
        Should.Throw<ArgumentException>(
            () => new Features(new ConfigurationBuilder().Build()).IsEnabled("BILING_ENABLED"));
}
