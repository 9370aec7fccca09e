import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuid } from 'uuid';
import { outboxColumns } from '../../../platform/outbox/columns.ts';
import { userInactive } from './errors.ts';

export const ROLES = ['customer', 'operator', 'admin'] as const;

export type Role = (typeof ROLES)[number];

/** Every event that users emits. */
export const USER_EVENTS = ['user.registered', 'user.deactivated'] as const;

export type UserEventType = (typeof USER_EVENTS)[number];

const { userId: _, ...eventColumns } = outboxColumns;

/** A row of the outbox: what happened to a user, by id alone. */
export const UserEventSchema = defineEntity({
  name: 'UserEvent',
  tableName: 'outbox',
  properties: {
    ...eventColumns,
    type: p.text().$type<UserEventType>(),
    user: () => p.manyToOne(User).createForeignKeyConstraint(false),
  },
});

export class UserEvent extends UserEventSchema.class {}
UserEventSchema.setClass(UserEvent);

export const AddressSchema = defineEntity({
  name: 'Address',
  embeddable: true,
  properties: {
    line1: p.text(),
    line2: p.text(),
    city: p.text(),
    region: p.text(),
    postalCode: p.text(),
    country: p.text(),
  },
});

export class Address extends AddressSchema.class {}
AddressSchema.setClass(Address);

export const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuid()),
    /** In lower case: addresses that differ in case alone are one. */
    email: p.text().unique(),
    /** Loaded only where a password is checked. */
    passwordHash: p.text().lazy().hidden(),
    name: p.text(),
    role: p.text().$type<Role>(),
    active: p.boolean().default(true),
    address: p.embedded(Address).nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
    deactivatedAt: p.datetime().nullable(),
    deactivationReason: p.text().default(''),
    events: () => p.oneToMany(UserEvent).mappedBy('user'),
  },
});

/** What a user changes of the profile; absent: unchanged. */
export type ProfileChange = {
  /** In lower case. */
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly address?: Address | undefined;
};

export class User extends UserSchema.class {
  register(at: Date): void {
    this.createdAt = at;
    this.updatedAt = at;
    this.emit('user.registered', at);
  }

  /** Refuses with `user_inactive`. */
  change({ email, name, address }: ProfileChange, at: Date): void {
    this.requireActive();
    if (email !== undefined) this.email = email;
    if (name !== undefined) this.name = name;
    if (address !== undefined) this.address = address;
    if (email ?? name ?? address) this.updatedAt = at;
  }

  /** The first time and reason stay: a user who is deactivated already does not change. */
  deactivate(reason: string, at: Date): void {
    if (!this.active) return;
    this.active = false;
    this.deactivatedAt = at;
    this.deactivationReason = reason;
    this.updatedAt = at;
    this.emit('user.deactivated', at);
  }

  requireActive(): void {
    if (!this.active) throw userInactive(this.id);
  }

  /** Never with facts: an event of a user holds no personal data. */
  private emit(type: UserEventType, at: Date): void {
    this.events.add(Object.assign(new UserEvent(), { type, at, facts: {} }));
  }
}
UserSchema.setClass(User);
