import type { OrderActivities } from '../contracts/activities.ts';
import type { UnaryCalls } from '../platform/rpc/client.ts';
import type { UsersServiceService } from '../proto/gen/shopfast/users/v1/users.ts';
import { forward } from './service-call.ts';

type Calls = Pick<UnaryCalls<UsersServiceService>, 'validateUser'>;

export function createUsersActivities({ calls }: { readonly calls: Calls }): Pick<OrderActivities, 'validateUser'> {
  return {
    validateUser: ({ userId }) =>
      forward({
        rpc: 'users.ValidateUser',
        about: { userId },
        async send(limits) {
          await calls.validateUser({ userId }, limits);
          return {};
        },
      }),
  };
}
