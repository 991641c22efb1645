// The project, the world and the settings that all parts of a service work with.
import type { Project } from '../project/project.ts';
import type { World } from '../project/world.ts';
import type { ServiceSettings } from './settings.ts';

/** The surroundings of a service. */
export interface ServiceSurroundings {
  readonly project: Project;
  readonly world: World;
  readonly settings: ServiceSettings;
}
