using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults.Tests;

public class ResilienceTests
{
    [TestCase("GET", 3, HttpStatusCode.OK)]
    [TestCase("PUT", 3, HttpStatusCode.OK)]
    [TestCase("POST", 1, HttpStatusCode.ServiceUnavailable)]
    public async Task what_may_be_repeated_is_and_nothing_else(
        string method, int calls, HttpStatusCode expected)
    {
        var seen = 0;
        await using var other = await TestService.Run(app => app.Map("/flaky", () =>
            Interlocked.Increment(ref seen) < 3 ? Results.StatusCode(503) : Results.Ok()).AllowAnonymous());
        await using var clients = new ServiceCollection().AddTime().AddHttpClient("other").WithResilience()
            .Services.BuildServiceProvider();
        using var client = clients.GetRequiredService<IHttpClientFactory>().CreateClient("other");

        using var request = new HttpRequestMessage(
            new HttpMethod(method), new Uri(other.Client.BaseAddress!, "/flaky"));
        using var answer = await client.SendAsync(request);

        answer.StatusCode.ShouldBe(expected);
        seen.ShouldBe(calls);
    }
}
