using Billing.ServiceDefaults.UsagePath.Parking;
using Billing.ServiceDefaults.UsagePath.Reading;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>The HTTP surface of every service that is on the usage path; for operations.</summary>
public static class UsagePathEndpoints
{
    /// <summary>Maps nothing in a service that is not.</summary>
    public static void MapUsagePath(this IEndpointRouteBuilder routes)
    {
        if (routes.ServiceProvider.GetService<PathState>() is null) return;

        var parked =
            routes.MapGroup(ListParked.Route).RequireAuthorization(Policies.Ops).WithTags("Parked messages");
        parked.MapGet("", ListParked.Answer).WithName("ListParked")
            .WithSummary("What could not be applied, oldest first, by topic, key or part of the reason.");
        parked.MapGet("{id:long}", ListParked.One).WithName("GetParked")
            .WithSummary("One of them, with its body and headers as they came.");
        parked.MapPost("{id:long}/redrive", RedriveParked.One).WithName("RedriveOneParked")
            .WithSummary("Tries it again, after those of its key that are before it.");
        parked.MapPost("redrive", RedriveParked.Many).WithName("RedriveParked")
            .WithSummary("Tries those of a topic again, or those of one key of it.");

        routes.MapGet(ListLanes.Route, ListLanes.Answer).RequireAuthorization(Policies.Ops)
            .WithTags("Usage path").WithName("ListLanes")
            .WithSummary("How far each lane of each topic was taken, and which of them stopped and why.");
    }
}
